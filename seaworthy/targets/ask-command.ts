import { spawn } from "node:child_process";
import { deadline } from "@seaworthy/std/clock";
import { ok, refuse, type Result } from "@seaworthy/std/result";

export interface Asked {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** Whole: a program that asks a vault needs its session, its home and its path. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

/**
 * What a program prints, without the last line break. Its standard error goes nowhere, and no
 * refusal repeats anything it said: what it prints is a secret. No shell; nothing to read from.
 */
export async function askCommand(asked: Asked): Promise<Result<string, string>> {
  const [program, ...args] = asked.argv;
  return await new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: asked.cwd,
      env: { ...asked.environment },
      stdio: ["ignore", "pipe", "ignore"],
      // Not `timeout`: its timer lives on when the program was never started (Node 24.21).
      signal: deadline(asked.timeoutMs, program),
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= asked.bytesMax) chunks.push(chunk);
      else child.kill("SIGKILL");
    });
    child.on("error", (error) => resolve(refuse(`${program} ${failureOf(error, asked)}`)));
    child.on("close", (code, signal) => {
      if (bytes > asked.bytesMax) {
        resolve(refuse(`${program} printed more than ${asked.bytesMax} bytes`));
      } else if (code !== 0) {
        resolve(refuse(`${program} ended with ${code ?? signal}`));
      } else
        resolve(
          ok(
            Buffer.concat(chunks)
              .toString()
              .replace(/\r?\n$/, ""),
          ),
        );
    });
  });
}

/** `ENOENT`, not Node's sentence: that repeats the arguments. */
function failureOf(error: Error, { timeoutMs }: Asked): string {
  const code = "code" in error && typeof error.code === "string" ? error.code : "it failed";
  if (code === "ABORT_ERR") return `did not end within ${timeoutMs / 1_000} s`;
  return `cannot be run: ${code}`;
}
