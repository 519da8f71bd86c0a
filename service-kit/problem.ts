/**
 * A refusal as it goes over the wire, RFC 9457 in its fields. `applied` tells a client of an unsafe
 * request what it may conclude: "no" is a promise that nothing took effect, "unknown" is the truth
 * about everything else that failed. It is never guessed in the client's favour.
 */
export interface Problem {
  readonly status: number;
  /** A closed, machine-readable name: `model_not_found`. */
  readonly code: string;
  /** One sentence for a person. Never internals, never a stack. */
  readonly title: string;
  /** Whether the same request, sent again later, may succeed. */
  readonly retryable: boolean;
  readonly applied: "no" | "unknown";
  /** The field of the request that is at fault. */
  readonly param?: string;
}

/** Thrown by a handler to answer with a problem before it has answered anything else. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

/** The caller's fault: 4xx, never applied, not worth a second try. */
export function badRequest(code: string, title: string, param?: string): Refused {
  return new Refused({
    status: 400,
    code,
    title,
    retryable: false,
    applied: "no",
    ...(param === undefined ? {} : { param }),
  });
}

/** How a problem becomes a body; services of one protocol (OpenAI's, say) bring their own. */
export type RenderProblem = (problem: Problem, requestId: string) => RenderedProblem;
export interface RenderedProblem {
  readonly contentType: string;
  readonly body: string;
}

/** RFC 9457 `application/problem+json`. */
export const renderProblem: RenderProblem = (problem, requestId) => ({
  contentType: "application/problem+json",
  body: JSON.stringify(problemMembers(problem, requestId)),
});

export function problemMembers(problem: Problem, requestId: string): Record<string, unknown> {
  const { status, code, title, retryable, applied } = problem;
  return { type: "about:blank", title, status, code, retryable, applied, request_id: requestId };
}
