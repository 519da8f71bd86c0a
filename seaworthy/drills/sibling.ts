import type { Command, OwnCommand } from "@seaworthy/std/command";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { ServiceUnit } from "../plan/graph.ts";
import { type BadRelease, type Circumstances, impairmentFor } from "./bad-release.ts";
import { type Impairment, impairedCommand } from "./impairment.ts";

/** What a drill rolls in: the same content as another release, or one that is bad in its way. */
export type RolledIn = "same" | BadRelease;

export interface SiblingChoice extends Circumstances {
  readonly unit: ServiceUnit;
  readonly ownCommand: OwnCommand;
}

/** The tool's Node beside the service's own processes: it must not pass for the service's leak. */
const IMPAIRING_BYTES = 64 * 1_048_576;

/** The release that a drill rolls in; refused where none can be made. */
export function siblingFor(rolledIn: RolledIn, choice: SiblingChoice): Result<ServiceUnit, string> {
  const { unit } = choice;
  if (rolledIn === "same") return ok({ ...unit, env: withSeed(choice) });
  return impaired(impairmentFor(rolledIn, unit, choice), choice);
}

/** The same content, made bad by its argv alone. */
export function impaired(
  impairment: Impairment,
  choice: Pick<SiblingChoice, "unit" | "seed" | "ownCommand">,
): Result<ServiceUnit, string> {
  const { unit, ownCommand } = choice;
  if (unit.run.kind === "image") {
    return refuse(`${unit.name} runs an image: a bad release cannot be made of it`);
  }
  const command: Command = impairedCommand(impairment, unit.run.command, ownCommand);
  const { memoryBytes } = unit;
  const memory = memoryBytes === undefined ? {} : { memoryBytes: memoryBytes + IMPAIRING_BYTES };
  return ok({ ...unit, ...memory, run: { ...unit.run, command }, env: withSeed(choice) });
}

/** Only a variable that nobody reads differs, and that makes it another release. */
function withSeed({ unit, seed }: Pick<SiblingChoice, "unit" | "seed">): ServiceUnit["env"] {
  return { ...unit.env, SEAWORTHY_DRILL: { kind: "text", text: `${seed}` } };
}
