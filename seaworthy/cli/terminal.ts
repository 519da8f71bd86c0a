import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";
import type { Terminal } from "./context.ts";

interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const COLUMNS_WITHOUT_TERMINAL = 100;

/** Honours NO_COLOR (no-color.org), CI and TERM=dumb; a pipe gets neither colour nor redraw. */
export function terminalFrom(streams: Streams): Terminal {
  const { env, stdin, stdout, stderr } = streams;
  const plain = env["CI"] !== undefined || env["TERM"] === "dumb";
  const interactive = stderr.isTTY === true && !plain;
  const noColor = env["NO_COLOR"];
  stdout.on("error", endOnBrokenPipe);
  return {
    out: (text) => void stdout.write(text),
    say: (text) => void stderr.write(text),
    interactive,
    color: interactive && (noColor === undefined || noColor === ""),
    columns: stderr.columns ?? COLUMNS_WITHOUT_TERMINAL,
    ask: async (question) => {
      if (stdin.isTTY !== true || !interactive) return undefined;
      const reader = createInterface({ input: stdin, output: stderr });
      try {
        return await reader.question(question);
      } finally {
        reader.close();
      }
    },
  };
}

/** `seaworthy logs | head` ends when head does, without a stack trace. */
function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}
