import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { ServiceUnit } from "../plan/graph.ts";

/** Stays alive and never listens, whatever the service is written in: the tool's own Node. */
const NEVER_LISTENS = ["node", "-e", "setInterval(() => {}, 1000)"] as const;

export interface SiblingChoice {
  readonly unit: ServiceUnit;
  readonly seed: number;
}

/** The release that a drill rolls in; refused where none can be made. */
export function siblingFor(
  drill: "roll-under-load" | "never-ready-release",
  choice: SiblingChoice,
): Result<ServiceUnit, string> {
  return drill === "roll-under-load" ? ok(sameContent(choice)) : neverReady(choice);
}

/** The same content as another release: only a variable that nobody reads differs. */
function sameContent({ unit, seed }: SiblingChoice): ServiceUnit {
  return { ...unit, env: withSeed({ unit, seed }) };
}

function neverReady({ unit, seed }: SiblingChoice): Result<ServiceUnit, string> {
  if (unit.run.kind === "image") {
    return refuse(`${unit.name} runs an image: a release that never listens cannot be made of it`);
  }
  const run = { ...unit.run, command: NEVER_LISTENS };
  return ok({ ...unit, run, env: withSeed({ unit, seed }) });
}

function withSeed({ unit, seed }: SiblingChoice): ServiceUnit["env"] {
  return { ...unit.env, SEAWORTHY_DRILL: { kind: "text", text: `${seed}` } };
}
