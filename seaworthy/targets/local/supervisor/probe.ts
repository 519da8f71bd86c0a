import { request } from "node:http";
import { LOOPBACK } from "../../../renderers/edge-parts.ts";

/** What one HTTP request of ours came to; never throws for what the other side does. */
export interface ProbeOutcome {
  /** Answered below 400 (a check) within the time given. */
  readonly ok: boolean;
  readonly status: number | undefined;
  readonly url: string;
  /** The answer's first bytes, or what went wrong. */
  readonly excerpt: string;
}

export interface Probe {
  readonly port: number;
  readonly path: string;
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** A person needs the beginning of an error page, not all of it. */
const EXCERPT_CHARS_MAX = 300;

/** One request on a connection of its own: a kept-alive one would hide a dead listener. */
export async function probe(options: Probe): Promise<ProbeOutcome> {
  const url = `http://${LOOPBACK}:${options.port}${options.path}`;
  return await new Promise<ProbeOutcome>((resolve) => {
    const failed = (excerpt: string): void =>
      resolve({ ok: false, status: undefined, url, excerpt });
    const sent = request(
      url,
      {
        method: options.method,
        headers: { ...options.headers, connection: "close" },
        agent: false,
        signal: AbortSignal.timeout(options.timeoutMs),
      },
      (answer) => {
        const status = answer.statusCode ?? 0;
        let body = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          if (body.length < EXCERPT_CHARS_MAX) body += chunk;
        });
        const settle = (): void =>
          resolve({ ok: status < 400, status, url, excerpt: body.slice(0, EXCERPT_CHARS_MAX) });
        answer.on("end", settle);
        answer.on("error", () => failed("the answer broke off"));
      },
    );
    sent.on("error", (error) =>
      failed(
        error.name === "TimeoutError" ? `no answer in ${options.timeoutMs} ms` : error.message,
      ),
    );
    sent.end();
  });
}

/** `GET http://… → 503: not ready`. */
export function describeProbe(outcome: ProbeOutcome): string {
  const answer = outcome.status === undefined ? "no answer" : `${outcome.status}`;
  return `${outcome.url} → ${answer}: ${outcome.excerpt.trim()}`;
}
