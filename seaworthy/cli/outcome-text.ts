import { humanDuration } from "@seaworthy/std/duration";
import type { ClassCounts } from "../record/evidence.ts";
import type { Outcome } from "../record/event.ts";
import type { ProbeSummary, RolloutOutcome } from "../rollout/outcome.ts";
import type { Terminal } from "./context.ts";
import { painter } from "./paint.ts";

const WORDS: Readonly<Record<Outcome, string>> = {
  done: "done",
  "nothing-to-do": "nothing to do",
  failed: "failed",
  "rolled-back": "failed and rolled back",
  "not-rolled-back": "failed and NOT rolled back: a person is needed",
  "could-not-verify": "could not verify",
  locked: "locked",
  refused: "refused",
  interrupted: "interrupted",
};

const MEND = "mend it and run this again; seaworthy events and seaworthy logs tell more";
const NEXT: Readonly<Partial<Record<Outcome, string>>> = {
  failed: MEND,
  "rolled-back": MEND,
  "could-not-verify": "run this again when it can be seen (more requests, a quieter machine)",
  "not-rolled-back": "seaworthy status shows what is there, seaworthy up finishes or reverses it",
  refused: "seaworthy plan shows what would be done now",
  interrupted: "seaworthy up finishes or reverses what is half done",
};

/** The last lines of a verb: how it ended, why, what its probe saw, what serves now. */
export function outcomeText(outcome: RolloutOutcome, terminal: Terminal): string {
  const paint = painter(terminal);
  const good = outcome.outcome === "done" || outcome.outcome === "nothing-to-do";
  const lines: string[] = outcome.detail.map((line) => `  ${line}`);
  for (const unit of outcome.units) {
    lines.push(`  ${unit.unit}: ${unit.from ?? "none"} → ${unit.to ?? "none"}`);
  }
  if (outcome.probe !== undefined) lines.push(`  ${probeText(outcome.probe)}`);
  const took = humanDuration(outcome.seconds * 1_000);
  const because = outcome.because === "" ? "" : `: ${outcome.because}`;
  lines.push(`${paint(good ? "green" : "red", WORDS[outcome.outcome])} in ${took}${because}`);
  lines.push(outcome.serving);
  const next = NEXT[outcome.outcome];
  if (next !== undefined) lines.push(`next: ${next}`);
  return `${lines.join("\n")}\n`;
}

function probeText(probe: ProbeSummary): string {
  const versions = Object.entries(probe.versions)
    .map(([release, count]) => `${release} ${count}`)
    .join(", ");
  const failed = total(probe.failed);
  const tail = versions === "" ? "" : ` · answered by ${versions}`;
  const latency = `p50 ${humanDuration(probe.p50Ms)}, p99 ${humanDuration(probe.p99Ms)}`;
  return `probe: ${probe.sent} requests, ${failed} failed, ${latency}${tail}`;
}

function total(counts: ClassCounts): number {
  return counts.safe + counts.idempotent + counts.unsafe + counts.stream;
}

/** The shape of `deploy --json` (cli.md). */
export function outcomeJson(outcome: RolloutOutcome): object {
  const units = outcome.units.map(({ unit, from, to }) => ({
    unit,
    from: from ?? null,
    to: to ?? null,
  }));
  return { schemaVersion: 1, ...outcome, units, probe: outcome.probe ?? null };
}
