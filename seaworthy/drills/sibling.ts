import type { ServiceUnit } from "../plan/graph.ts";
import { ok, refuse, type Result } from "@seaworthy/std/result";

/** Stays alive and never listens, whatever the service is written in: the tool's own Node. */
const NEVER_LISTENS = ["node", "-e", "setInterval(() => {}, 1000)"] as const;

/** The same content as another release: only a variable that nobody reads differs. */
export function siblingOf(unit: ServiceUnit, seed: number): ServiceUnit {
  const env = { ...unit.env, SEAWORTHY_DRILL: { kind: "text", text: `${seed}` } as const };
  return { ...unit, env };
}

/** A release of the same unit that never gets ready; refused where we cannot say what runs. */
export function neverReady(unit: ServiceUnit): Result<ServiceUnit, string> {
  if (unit.run.kind === "image") {
    return refuse(`${unit.name} runs an image: a release that never listens cannot be made of it`);
  }
  return ok({ ...unit, run: { ...unit.run, command: NEVER_LISTENS } });
}
