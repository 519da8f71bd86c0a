import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { kill, pid } from "node:process";
import { type CrashPoint, Reaper } from "./reaper.ts";

/**
 * Which process of the system dies, and at what: the command at what it asks of the target and
 * writes into the record (`tool`) or at its own system calls, so within a step as well (`calls`);
 * the supervisor at its system calls.
 */
export type Role = "tool" | "calls" | "supervisor";

/**
 * A folder through which a test tells one process of a system where to die. Who finds its fuse
 * takes it, so that the one that is started next lives.
 */
export class Fuse {
  readonly #folder: string;
  readonly #role: Role;
  readonly #end: () => void;
  #reaper: Reaper | undefined;

  /** `end` ends the process whose fuse it is. */
  constructor(folder: string, role: Role, end = (): void => void kill(pid, "SIGKILL")) {
    this.#folder = folder;
    this.#role = role;
    this.#end = end;
  }

  lay(point: CrashPoint): void {
    for (const path of [this.#struck, this.#changes]) if (existsSync(path)) unlinkSync(path);
    this.#light(point);
  }

  /** Nobody dies of it any more, and nothing is counted from the next change on. */
  disarm(): void {
    this.#light(null);
  }

  /** Where its process died: `after spawn web-1`; undefined when it did not. */
  struck(): string | undefined {
    return existsSync(this.#struck) ? readFileSync(this.#struck, "utf8") : undefined;
  }

  /** What its process changed since the fuse was laid. */
  changes(): readonly string[] {
    const text = existsSync(this.#changes) ? readFileSync(this.#changes, "utf8") : "";
    return text.split("\n").filter((line) => line !== "");
  }

  /** The process's own side: counts from the moment on at which the newest fuse was laid. */
  reaper(): Reaper | undefined {
    if (existsSync(this.#lit)) this.#reaper = this.#take();
    return this.#reaper;
  }

  #take(): Reaper | undefined {
    const point: CrashPoint | null = JSON.parse(readFileSync(this.#lit, "utf8"));
    unlinkSync(this.#lit);
    if (point === null) return undefined;
    const die = (): void => {
      writeFileSync(this.#struck, reaper.struck ?? "");
      this.#end();
    };
    const tell = (change: string): void => appendFileSync(this.#changes, `${change}\n`);
    const reaper = new Reaper(point, die, tell);
    return reaper;
  }

  /** Whole at once: a process that runs may take it at any moment. */
  #light(point: CrashPoint | null): void {
    writeFileSync(`${this.#lit}.new`, JSON.stringify(point));
    renameSync(`${this.#lit}.new`, this.#lit);
  }

  get #lit(): string {
    return join(this.#folder, `${this.#role}.fuse`);
  }

  get #struck(): string {
    return join(this.#folder, `${this.#role}.struck`);
  }

  get #changes(): string {
    return join(this.#folder, `${this.#role}.changes`);
  }
}
