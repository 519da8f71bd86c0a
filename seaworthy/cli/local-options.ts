import { join } from "node:path";
import { openStateFolder, stateHome } from "../targets/local/state-folder.ts";
import type { StateFolderOptions } from "../targets/local/state-folder.ts";
import type { LocalOptions } from "../targets/local/local.ts";
import type { Context } from "./context.ts";
import type { OpenSystem } from "./open-system.ts";
import { secretResolver } from "./secrets.ts";

/** Everything the local target is told by the composition root. */
export function localOptions(system: OpenSystem, context: Context): LocalOptions {
  return {
    place: placeOf(system, context),
    systemFolder: system.folder,
    clock: context.clock,
    ownCommand: context.ownCommand,
    environment: context.environment,
    node: { path: process.execPath, version: process.version },
    resolveSecret: secretResolver(system.parsed.system.secrets.from, {
      folder: system.folder,
      environment: context.environment,
    }),
  };
}

/** Raw samples of drills lie beside the record that speaks of them. */
export async function recordFolder(system: OpenSystem, context: Context): Promise<string> {
  return (await openStateFolder(placeOf(system, context))).record;
}

/**
 * Where a roll's probe keeps its samples. Only the lease's holder uses it, so one fixed place will
 * do, and what a killed run left there is swept by the next.
 */
export async function rollScratch(system: OpenSystem, context: Context): Promise<string> {
  return join((await openStateFolder(placeOf(system, context))).run, "roll");
}

/** Where the state of this system lies. */
export function placeOf(system: OpenSystem, context: Context): StateFolderOptions {
  const { environment } = context;
  return {
    stateHome: stateHome(environment),
    runtimeHome: environment["XDG_RUNTIME_DIR"] ?? join("/", "tmp"),
    system: system.graph.system,
    environment: system.graph.environment,
    systemPath: system.path,
  };
}
