import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";
import type { Context } from "./context.ts";
import type { OpenSystem } from "./open-system.ts";
import type { Target } from "../targets/target.ts";
import { openLocal } from "../targets/local/local.ts";
import { localOptions } from "./local-options.ts";

/** The target that the declaration or `--on` names. */
export async function openTarget(system: OpenSystem, context: Context): Promise<Target> {
  const target = await openNamed(system, context);
  return context.wrapTarget?.(target) ?? target;
}

async function openNamed(system: OpenSystem, context: Context): Promise<Target> {
  switch (system.graph.platform) {
    case "local":
      return await openLocal(localOptions(system, context));
    case "docker":
    case "kubernetes":
      throw new Refusal(EXIT.refused, `${system.graph.platform} is not there yet`, {
        fix: "run it on this machine: --on local",
      });
  }
}
