import { appendFileSync, existsSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kill, pid } from "node:process";
import { type CrashPoint, Reaper } from "./reaper.ts";

/** Which process of the system: the command, or its supervisor. */
export type Role = "tool" | "supervisor";

/**
 * A folder through which a test tells one process of a system where to die. Who finds its fuse
 * takes it, so that the one that is started next lives.
 */
export class Fuse {
  readonly #folder: string;
  readonly #role: Role;
  #reaper: Reaper | undefined;

  constructor(folder: string, role: Role) {
    this.#folder = folder;
    this.#role = role;
  }

  lay(point: CrashPoint): void {
    for (const path of [this.#struck, this.#changes]) if (existsSync(path)) unlinkSync(path);
    writeFileSync(this.#lit, JSON.stringify(point));
  }

  /** Nobody dies of it any more. */
  remove(): void {
    if (existsSync(this.#lit)) unlinkSync(this.#lit);
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

  /** The process's own side: counts from the moment on at which the fuse was laid. */
  reaper(): Reaper | undefined {
    if (this.#reaper !== undefined || !existsSync(this.#lit)) return this.#reaper;
    const point: CrashPoint = JSON.parse(readFileSync(this.#lit, "utf8"));
    unlinkSync(this.#lit);
    const die = (): void => {
      writeFileSync(this.#struck, reaper.struck ?? "");
      kill(pid, "SIGKILL");
    };
    const tell = (change: string): void => appendFileSync(this.#changes, `${change}\n`);
    const reaper = new Reaper(point, die, tell);
    this.#reaper = reaper;
    return reaper;
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
