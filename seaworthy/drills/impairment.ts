import { z } from "zod";
import type { Command, OwnCommand } from "@seaworthy/std/command";
import type { InstanceId } from "../record/step.ts";

/** What is wrong with a release that was made bad on purpose. */
export type Ill =
  /** Alive, and its ready check is answered 503 for ever. */
  | { readonly kind: "never-ready" }
  /** Ends with code 1 before it listens. */
  | { readonly kind: "exits" }
  /** Ends with code 1, its own command killed. */
  | { readonly kind: "crashes" }
  /** Each answer comes so much later. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** So large a part of the requests is answered 500; 1: all of them, which is a grey failure. */
  | { readonly kind: "errors"; readonly ratio: number }
  /** Takes memory evenly until it has taken all of it. */
  | { readonly kind: "leaks"; readonly bytes: number; readonly overMs: number }
  /** Its health check is answered 503. */
  | { readonly kind: "unhealthy" };

/** `ready`: so long after its ready check passed first. `told`: between two requests of ours. */
export type Onset =
  | { readonly when: "ready"; readonly afterMs: number }
  | { readonly when: "told"; readonly token: string };

/**
 * How a release of a service is made bad without a change of its files: the tool runs instead of
 * the service's command, starts that as its child, and stands in front of it.
 */
export interface Impairment {
  readonly ill: Ill;
  readonly onset: Onset;
  /** The one instance that works; undefined: none is spared. */
  readonly spares: InstanceId | undefined;
  /** Chooses which requests fail. */
  readonly seed: number;
  /** Paths of the service's checks, which are answered as the service does unless the ill says. */
  readonly checks: { readonly health: string; readonly ready: string };
}

/** The program's name in a declaration that stands for the tool's own Node. */
const NODE = "node";

/**
 * The argv of the same command, impaired. Only argv differs, so the files of the release are the
 * same: where `node` was its program, `node` it stays, since what belongs to them depends on it.
 */
export function impairedCommand(
  impairment: Impairment,
  command: Command,
  ownCommand: OwnCommand,
): Command {
  const [tool, ...args] = ownCommand(IMPAIR_VERB, JSON.stringify(impairment), ...command);
  return [command[0] === NODE ? NODE : tool, ...args];
}

/** Hidden: nobody types it. */
const IMPAIR_VERB = "_impair";

const fraction = z.number().min(0).max(1);
const ms = z.number().min(0);

const illSchema: z.ZodType<Ill> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("never-ready") }),
  z.object({ kind: z.literal("exits") }),
  z.object({ kind: z.literal("crashes") }),
  z.object({ kind: z.literal("slow"), delayMs: ms }),
  z.object({ kind: z.literal("errors"), ratio: fraction }),
  z.object({ kind: z.literal("leaks"), bytes: z.number().min(0), overMs: ms }),
  z.object({ kind: z.literal("unhealthy") }),
]);

const onsetSchema: z.ZodType<Onset> = z.discriminatedUnion("when", [
  z.object({ when: z.literal("ready"), afterMs: ms }),
  z.object({ when: z.literal("told"), token: z.string().min(1) }),
]);

const impairmentSchema = z
  .object({
    ill: illSchema,
    onset: onsetSchema,
    spares: z.string().optional(),
    seed: z.number(),
    checks: z.object({ health: z.string(), ready: z.string() }),
  })
  .transform((one): Impairment => ({ ...one, spares: one.spares }));

/** What `_impair` was started with; throws where that is none of our making. */
export function readImpairment(
  args: readonly string[],
  node: string,
): { readonly impairment: Impairment; readonly command: Command } {
  const [text, program, ...rest] = args;
  if (program === undefined) throw new Error(`${IMPAIR_VERB} IMPAIRMENT PROGRAM [ARGUMENT]…`);
  const impairment = impairmentSchema.parse(JSON.parse(text ?? ""));
  return { impairment, command: [program === NODE ? node : program, ...rest] };
}

/** `answers 5 % of its requests with 500`: the last line of a log that explains the rest. */
export function illText(ill: Ill): string {
  switch (ill.kind) {
    case "never-ready":
      return "is never ready";
    case "exits":
      return "ends at once";
    case "crashes":
      return "crashes";
    case "slow":
      return `answers ${ill.delayMs} ms later`;
    case "errors":
      return `answers ${Number((ill.ratio * 100).toPrecision(3))} % of its requests with 500`;
    case "leaks":
      return `takes ${ill.bytes} bytes of memory in ${ill.overMs} ms`;
    case "unhealthy":
      return "fails its health check";
  }
}
