import type { Evidence } from "../record/evidence.ts";
import { aRun } from "./verdict.fixture.ts";

/** One run of kill-instance that held the errors, on 2026-01-10. */
export function anEvidence(given: Partial<Evidence> = {}): Evidence {
  return {
    drill: "kill-instance",
    objective: "errors",
    limit: 0.01,
    predicted: undefined,
    measured: 0,
    runs: [aRun()],
    verdict: "held",
    because: "0 of 4500 failed",
    seed: 1,
    target: "local",
    declarationHash: "hash-1",
    releases: { api: "r1" },
    at: "2026-01-10T00:00:00.000Z",
    raw: "raw/1",
    ...given,
  };
}
