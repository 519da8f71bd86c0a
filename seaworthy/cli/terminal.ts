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
  const out = writer(stdout);
  const say = writer(stderr);
  return {
    out: out.write,
    outClosed: out.closed,
    say: say.write,
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

/**
 * `seaworthy up --json | head -1`: nobody reads any more, and that is no reason to stop amid a
 * roll, nor to call it done. What is written from then on goes nowhere.
 */
function writer(stream: NodeJS.WriteStream): {
  readonly write: (text: string) => void;
  readonly closed: () => boolean;
} {
  let isClosed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    isClosed = true;
  });
  return {
    write: (text) => {
      if (!isClosed) stream.write(text);
    },
    closed: () => isClosed,
  };
}
