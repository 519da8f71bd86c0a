import type { Sample } from "./load.ts";

/** A sample that went well in 10 ms, but for what is given. */
export function aSample(given: Partial<Sample> = {}): Sample {
  const dueMs = given.dueMs ?? 0;
  return {
    index: 0,
    class: "safe",
    sentMs: dueMs,
    endMs: dueMs + 10,
    outcome: "ok",
    status: 200,
    failure: undefined,
    write: undefined,
    instance: undefined,
    release: undefined,
    ...given,
    dueMs,
  };
}

/** One each 10 ms from `fromMs` to `toMs`: 100 requests a second. */
export function aStretch(
  span: { readonly fromMs: number; readonly toMs: number },
  given: Partial<Sample> = {},
): readonly Sample[] {
  const samples: Sample[] = [];
  for (let dueMs = span.fromMs; dueMs < span.toMs; dueMs += 10) {
    samples.push(aSample({ ...given, dueMs }));
  }
  return samples;
}

export const FAILED = { outcome: "failed", failure: "refused", status: undefined } as const;
