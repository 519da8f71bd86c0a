import { execFile, spawnSync } from "node:child_process";
import {
  accessSync,
  chownSync,
  constants,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, isAbsolute, join, relative, resolve } from "node:path";

/** `nobody` on Linux; a number, because the name is not everywhere. */
const NOBODY = 65_534;
/** A program that reads one file answers in well under a second. */
const RUN_MS = 10_000;
const OUTPUT_BYTES_MAX = 1_000_000;

/** A private folder, and a way to start programs in it that can harm nothing. */
export interface Sandbox extends Disposable {
  readonly folder: string;
  /** False where this machine lets nobody leave the network. */
  readonly isOffline: boolean;
  readonly write: (name: string, text: string) => void;
  readonly run: (program: string, args: readonly string[]) => Promise<Ended>;
}

export interface Ended {
  readonly code: number | undefined;
  readonly output: string;
}

export interface SandboxOptions {
  readonly path: string;
  readonly signal: AbortSignal;
}

const folders = (): readonly string[] => [tmpdir(), "/tmp", "/var/tmp"];

/** Whoever we start as nobody must get into the folder: root's own temporary folder may be shut. */
function isOpenToAll(folder: string): boolean {
  const others = constants.X_OK;
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      if ((statSync(path).mode & others) === 0) return false;
    } catch {
      // It is not there.
      return false;
    }
    if (dirname(path) === path) return true;
  }
}

/** As nobody where we are root, without a network where the kernel lets us. */
export function openSandbox({ path, signal }: SandboxOptions): Sandbox {
  const isRoot = process.getuid?.() === 0;
  const base = isRoot ? folders().find(isOpenToAll) : undefined;
  const folder = mkdtempSync(join(base ?? tmpdir(), "seaworthy-opinion-"));
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const prefix = prefixes(isRoot, path).find((words) => works(words));
  const given = { PATH: path, HOME: folder, LANG: "C", LC_ALL: "C" };
  return {
    folder,
    isOffline: prefix?.isOffline === true,
    write: (name, text) => {
      const file = join(folder, name);
      writeFileSync(file, text, { mode: 0o600 });
      if (isRoot) chownSync(file, NOBODY, NOBODY);
    },
    run: async (program, args) => {
      const [first = program, ...words] = [...(prefix?.words ?? []), program, ...args];
      const drops = isRoot && prefix?.drops !== true ? { uid: NOBODY, gid: NOBODY } : {};
      const limits = {
        timeout: RUN_MS,
        maxBuffer: OUTPUT_BYTES_MAX,
        killSignal: "SIGKILL",
      } as const;
      const options = { ...limits, ...drops, cwd: folder, env: given, signal };
      return await new Promise((resolve) => {
        const child = execFile(first, words, options, (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
          resolve({ code, output: `${stdout}\n${stderr}` });
        });
        child.stdin?.end();
      });
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

interface Prefix {
  readonly words: readonly string[];
  readonly isOffline: boolean;
  /** It gives up root by itself. */
  readonly drops: boolean;
}

/** `unshare` and `setpriv` of util-linux, the strictest first. */
function prefixes(isRoot: boolean, path: string): readonly Prefix[] {
  const unshare = findProgram("unshare", path);
  const setpriv = findProgram("setpriv", path);
  if (unshare === undefined) return [];
  if (!isRoot) {
    return [{ words: [unshare, "--map-root-user", "--net", "--"], isOffline: true, drops: false }];
  }
  if (setpriv === undefined) return [];
  const as = `--reuid=${String(NOBODY)}`;
  const group = `--regid=${String(NOBODY)}`;
  const drop = [setpriv, as, group, "--clear-groups", "--no-new-privs", "--"];
  return [
    { words: [unshare, "--net", "--", ...drop], isOffline: true, drops: true },
    { words: drop, isOffline: false, drops: true },
  ];
}

function works({ words: [first, ...words] }: Prefix): boolean {
  if (first === undefined) return false;
  return spawnSync(first, [...words, "true"], { timeout: RUN_MS, stdio: "ignore" }).status === 0;
}

/** Where administrators' programs lie, which a user's path may leave out. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/** The absolute path of a program; never one inside the folder that is checked. */
export function findProgram(name: string, path: string, never?: string): string | undefined {
  return [...path.split(delimiter), ...SYSTEM_FOLDERS]
    .filter((folder) => isAbsolute(folder))
    .filter((folder) => never === undefined || relative(never, folder).startsWith(".."))
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        // Not in this folder.
        return false;
      }
    });
}
