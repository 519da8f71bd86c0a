import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, relative, resolve } from "node:path";
import { TargetError } from "../target.ts";
import { sha256OfFile } from "./snapshot-content.ts";
import type { Snapshot } from "./snapshot.ts";

/** The name that stands for the Node this tool pins (architecture §18). */
export const NODE_PROGRAM = "node";

/** Larger programs are told apart by their beginning and their size. */
const HASHED_BYTES_MAX = 64 * 1_048_576;

/** What a declared program's name means here. */
export interface ResolvedProgram {
  /** Absolute; or relative to the app's folder, when the program is a file of the app. */
  readonly path: string;
  /** Part of the release's id: differs when another program would run. */
  readonly identity: string;
}

export interface ProgramContext {
  readonly node: { readonly path: string; readonly version: string };
  /** As in `PATH`. */
  readonly searchPath: string;
}

/** Fails with `TargetError` when there is no such program, or it may not be executed. */
export async function resolveProgram(
  name: string,
  snapshot: Snapshot,
  context: ProgramContext,
): Promise<ResolvedProgram> {
  if (name === NODE_PROGRAM) {
    return { path: context.node.path, identity: `node ${context.node.version}` };
  }
  if (name.includes("/") && !isAbsolute(name)) return await ofTheApp(name, snapshot);
  const path = isAbsolute(name)
    ? name
    : await findOnPath(name, context.searchPath.split(delimiter));
  if (path === undefined) {
    throw new TargetError("failed", `there is no program ${name}`, {
      detail: [`looked in ${context.searchPath}`],
      fix: `install ${name}, or correct the first word of \`command\``,
    });
  }
  await refuseUnusable(path, { name });
  // Run by the name it was found under: a virtual environment's python is a link that matters.
  const real = await realpath(path);
  const { size } = await stat(real);
  const content = await sha256OfFile(real, HASHED_BYTES_MAX);
  return { path, identity: `${real} ${size} sha256:${content}` };
}

/** Its content is among the snapshot's files, and it runs from there. */
async function ofTheApp(name: string, snapshot: Snapshot): Promise<ResolvedProgram> {
  const app = join(snapshot.root, snapshot.app);
  const path = resolve(app, name);
  const inside = relative(snapshot.root, path);
  if (!snapshot.entries.some((entry) => entry.path === inside)) {
    throw new TargetError("failed", `${name} is not among the files of the release`, {
      detail: [`looked for ${inside} in the app's folder and what it depends on`],
      fix: "name a file of the app, or a program on PATH",
    });
  }
  await refuseUnusable(path, { name });
  return { path: relative(app, path), identity: `app:${relative(app, path)}` };
}

async function findOnPath(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    // An empty entry means the current folder to a shell; what that is depends on the caller.
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    if (await isProgram(path)) return path;
  }
  return undefined;
}

async function refuseUnusable(path: string, options: { readonly name: string }): Promise<void> {
  if (await isProgram(path)) return;
  throw new TargetError("failed", `${options.name} is no program that may be executed`, {
    detail: [`looked at ${path}`],
    fix: `chmod +x ${path}, or name its interpreter first in \`command\``,
  });
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
