import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";
import type { Terminal } from "./context.ts";

interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly kill: (pid: number, signal: "SIGINT") => unknown;
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
  let held: string[] | undefined;
  return {
    out: out.write,
    outClosed: out.closed,
    // A line that is redrawn would wipe the question away.
    say: (text) => void (held === undefined ? say.write(text) : held.push(text)),
    interactive,
    color: interactive && (noColor === undefined || noColor === ""),
    columns: columnsOf(stderr),
    ask: async (question, stop) => {
      if (stdin.isTTY !== true || !interactive) return undefined;
      held = [];
      try {
        return await answerTo(question, stop, streams);
      } finally {
        for (const text of held) say.write(text);
        held = undefined;
      }
    },
  };
}

/** A terminal that does not know its size says 0 (`script`, `docker run -t`). */
function columnsOf({ columns }: NodeJS.WriteStream): number {
  return columns === undefined || columns === 0 ? COLUMNS_WITHOUT_TERMINAL : columns;
}

async function answerTo(
  question: string,
  stop: AbortSignal,
  streams: Streams,
): Promise<string | undefined> {
  const { stdin, stderr, pid, kill } = streams;
  const reader = createInterface({ input: stdin, output: stderr });
  // While it reads, the terminal sends Ctrl-C as a key: it must mean what it means elsewhere.
  reader.on("SIGINT", () => kill(pid, "SIGINT"));
  // Ctrl-D, or a terminal that went away: nobody will answer any more.
  const closed = new Promise<undefined>((resolve) =>
    reader.once("close", () => resolve(undefined)),
  );
  try {
    return await Promise.race([reader.question(question, { signal: stop }), closed]);
  } catch (error) {
    if (stop.aborted) return undefined;
    throw error;
  } finally {
    reader.close();
  }
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
