import type { Finding } from "../system/finding.ts";
import { possibleFaults } from "../targets/local/faults/possible.ts";

/** What drills cannot break on this machine, and what is missing for it. */
export function faultFindings(): readonly Finding[] {
  const gaps = Object.entries(possibleFaults().faultGaps);
  if (gaps.length === 0) {
    return [finding("every fault of a drill can be injected here", { why: "", fix: "" })];
  }
  return gaps.map(([kind, gap]) =>
    finding(`no drill can ${kind} here: it ${gap}`, {
      why: "drills of this fault say could-not-verify",
      fix: "give it what it needs, or run those drills on a machine that has it",
    }),
  );
}

function finding(message: string, rest: Pick<Finding, "why" | "fix">): Finding {
  return { rule: "machine-faults", severity: "note", message, places: [], ...rest };
}
