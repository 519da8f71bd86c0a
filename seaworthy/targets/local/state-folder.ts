import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { userInfo } from "node:os";
import { present } from "@seaworthy/std/assert";
import { TargetError } from "../target.ts";
import { outside } from "./outside.ts";

/** Everything one system on this machine owns on disk. Paths are absolute. */
export interface StateFolder {
  /** 12 hex digits: names the system on this machine, short enough for a socket's path. */
  readonly id: string;
  readonly root: string;
  /** A folder of its own below the runtime folder: sockets need short paths (unix(7)). */
  readonly sockets: string;
  readonly releases: string;
  readonly logs: string;
  readonly volumes: string;
  readonly run: string;
  readonly faults: string;
  readonly record: string;
}

export interface StateFolderOptions {
  /** As `stateHome` gives it. */
  readonly stateHome: string;
  /** `$XDG_RUNTIME_DIR`, or `/tmp`. */
  readonly runtimeHome: string;
  readonly system: string;
  readonly environment: string | undefined;
  /** The declaration's file or folder: two checkouts of one system do not meet. */
  readonly systemPath: string;
}

/** `sun_path` is 108 bytes on Linux, 104 on macOS (unix(7)), both with the closing zero. */
const SOCKET_PATH_BYTES_MAX = 99;
/** Room for the longest file name of a socket: `/` and 23 bytes. */
const SOCKET_NAME_BYTES_MAX = 24;
/** Longest file name on Linux's file systems and on macOS (NAME_MAX). */
const NAME_BYTES_MAX = 255;
const PRIVATE_MODE = 0o700;
const OTHERS = 0o077;
const PARTS = ["releases", "logs", "volumes", "run", "faults", "record"] as const;

/**
 * `$XDG_STATE_HOME/seaworthy`, or `~/.local/state/seaworthy`. A relative value is ignored, as the
 * XDG Base Directory Specification 0.8 says.
 */
export function stateHome(environment: Readonly<Record<string, string | undefined>>): string {
  const declared = environment["XDG_STATE_HOME"];
  if (declared !== undefined && isAbsolute(declared)) return join(declared, "seaworthy");
  const home = environment["HOME"];
  if (home !== undefined && isAbsolute(home)) return join(home, ".local", "state", "seaworthy");
  throw new TargetError("failed", "there is no folder for state: neither XDG_STATE_HOME nor HOME", {
    fix: "set XDG_STATE_HOME to a folder of yours",
  });
}

/**
 * Makes what is missing, each folder 0700, and refuses what another user could have prepared: a
 * symlink, a foreign owner, permissions for others. Fails with `TargetError`.
 */
export async function openStateFolder(options: StateFolderOptions): Promise<StateFolder> {
  const folder = await locate(options);
  for (const path of [options.stateHome, folder.root, dirname(folder.sockets), folder.sockets]) {
    await makePrivate(path);
  }
  for (const part of PARTS) await makePrivate(folder[part]);
  return folder;
}

/** The same without making anything: undefined when this system has no state here. */
export async function findStateFolder(
  options: StateFolderOptions,
): Promise<StateFolder | undefined> {
  const folder = await locate(options);
  for (const path of [options.stateHome, folder.root]) {
    if (!(await isPrivate(path))) return undefined;
  }
  // The runtime folder goes with a reboot, the state does not: what is there must be ours.
  for (const path of [dirname(folder.sockets), folder.sockets]) await isPrivate(path);
  for (const part of PARTS) await isPrivate(folder[part]);
  return folder;
}

async function locate(options: StateFolderOptions): Promise<StateFolder> {
  const root = join(options.stateHome, await nameOf(options));
  const id = hexOf(root, 12);
  const sockets = join(options.runtimeHome, `seaworthy-${userInfo().uid}`, id);
  refuseLongSockets(sockets);
  return {
    id,
    root,
    sockets,
    releases: join(root, "releases"),
    logs: join(root, "logs"),
    volumes: join(root, "volumes"),
    run: join(root, "run"),
    faults: join(root, "faults"),
    record: join(root, "record"),
  };
}

async function nameOf(options: StateFolderOptions): Promise<string> {
  const path = await realpath(options.systemPath).catch((error: unknown) => {
    throw outside(error, `could not find ${options.systemPath}`);
  });
  const name = `${options.system}-${options.environment ?? "default"}-${hexOf(path, 8)}`;
  if (name.includes("/") || name.startsWith(".") || name.includes("\0")) {
    throw new TargetError("failed", `${JSON.stringify(name)} cannot name a folder`);
  }
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new TargetError("failed", `the system's name is too long for a folder: ${name}`, {
      fix: "give the system or the environment a shorter name",
    });
  }
  return name;
}

function refuseLongSockets(sockets: string): void {
  const bytes = Buffer.byteLength(sockets) + SOCKET_NAME_BYTES_MAX;
  if (bytes <= SOCKET_PATH_BYTES_MAX) return;
  const message = `the path for sockets is too long: ${sockets}`;
  throw new TargetError("failed", message, {
    detail: [`${bytes} bytes with a socket's name; the system allows ${SOCKET_PATH_BYTES_MAX}`],
    fix: "set XDG_RUNTIME_DIR to a shorter folder of yours",
  });
}

async function makePrivate(path: string): Promise<void> {
  if (await isPrivate(path)) return;
  try {
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE_MODE });
    await mkdir(path, { mode: PRIVATE_MODE });
  } catch (error) {
    // Somebody made it in this moment: whether it may be used is looked at below.
    if (!isCode(error, "EEXIST")) throw outside(error, `could not make ${path}`);
  }
  await isPrivate(path);
}

/** False when it is not there; throws when it is there and is not ours alone. */
async function isPrivate(path: string): Promise<boolean> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return undefined;
    throw outside(error, `could not look at ${path}`);
  });
  if (stats === undefined) return false;
  if (stats.isSymbolicLink()) throw refused(path, "is a symbolic link", `rm ${path}`);
  if (!stats.isDirectory()) throw refused(path, "is no folder", `mv ${path} ${path}.old`);
  const mine = userInfo().uid;
  if (stats.uid !== mine) {
    throw refused(path, `belongs to user ${stats.uid}, not ${mine}`, "run as its owner");
  }
  if ((stats.mode & OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8);
    throw refused(path, `is open to other users (mode ${mode})`, `chmod 700 ${path}`);
  }
  await refuseUnusable(path);
  return true;
}

/** Our own folder may still be closed to us (mode 0500), which mkdir would say less clearly. */
async function refuseUnusable(path: string): Promise<void> {
  try {
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await folder.close();
  } catch (error) {
    throw outside(error, `could not open ${path}`);
  }
}

function refused(path: string, why: string, fix: string): TargetError {
  return new TargetError("no-permission", `${path} ${why}`, { fix });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function hexOf(text: string, digits: number): string {
  return present(createHash("sha256").update(text).digest("hex").slice(0, digits), "a digest");
}
