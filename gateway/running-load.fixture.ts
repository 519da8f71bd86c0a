import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LoadReport } from "./load.fixture.ts";

/** Load in a process of its own: the test runner's CPU is not the load's. */
export class RunningLoad {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #closed: Promise<unknown>;

  constructor(port: number, options: { readonly rate: number; readonly seconds: number }) {
    const program = join(import.meta.dirname, "load.fixture.ts");
    const argv = [program, String(port), String(options.rate), String(options.seconds)];
    this.#child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
    createInterface(this.#child.stdout!).on("line", (line) => this.#lines.push(line));
    this.#closed = once(this.#child, "close");
  }

  /** Requests under way at about this moment. */
  async open(): Promise<number> {
    const seen = this.#lines.length;
    this.#child.kill("SIGUSR2");
    while (this.#lines.length === seen) await new Promise((resolve) => setTimeout(resolve, 1));
    return Number(this.#lines.at(-1)?.split(" ")[1]);
  }

  /** Sends no more, and waits for what is under way. */
  async end(): Promise<LoadReport> {
    this.#child.kill("SIGTERM");
    await this.#closed;
    const report: LoadReport = JSON.parse(this.#lines.at(-1) ?? "");
    return report;
  }
}
