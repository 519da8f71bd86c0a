import type { Problem } from "@seaworthy/service-kit/problem";

/** Failures before a byte of the request could leave: the only ones that prove nothing happened. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const TIMED_OUT: ReadonlySet<string> = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

/**
 * What a client may conclude from a model server that gave no answer. Once the request may have
 * been sent, whether it took effect is unknown, and that is what the client is told.
 */
export function upstreamProblem(error: Error): Problem {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (NEVER_SENT.has(code)) {
    return {
      status: 502,
      code: "upstream_refused",
      title: "no model server takes connections; nothing was sent",
      retryable: true,
      applied: "no",
    };
  }
  if (TIMED_OUT.has(code)) {
    return {
      status: 504,
      code: "upstream_timeout",
      title: "the model server did not answer in time; it may still have done the work",
      retryable: true,
      applied: "unknown",
    };
  }
  return {
    status: 502,
    code: "upstream_lost",
    title: "the model server's connection broke; it may still have done the work",
    retryable: true,
    applied: "unknown",
  };
}
