import { deadline, timestamp } from "@seaworthy/std/clock";
import { objectiveStates } from "../../drills/objectives.ts";
import type { Observed } from "../../plan/observed.ts";
import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { type OpenSystem, openSystem, subject } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import { painter, table } from "../paint.ts";
import { readEvidence } from "../records.ts";
import type { JournalEntry } from "../../record/journal.ts";
import { RecordDamaged } from "../../record/line.ts";
import { readRecords } from "../../record/read.ts";
import type { RecordStore } from "../../record/store.ts";
import { underWay, type UnderWay } from "../../record/under-way.ts";
import {
  type ObjectiveLine,
  objectiveLine,
  statusJson,
  underWayLines,
  unitRows,
} from "../status-text.ts";
import type { RunVerb } from "../verb.ts";

const OBSERVE_MS = 10_000;

/**
 * What runs and which objectives hold. With `--held` the exit code answers: 7 when one was missed,
 * 8 when one is stale, unproven or never tried.
 */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  await using target = disposable(await openTarget(system, context));
  const observed = await target.observe(
    deadline(OBSERVE_MS, "looking at what runs", context.interrupts.abort),
  );
  // Also where nothing is defined yet: a first `up` may have died before it got that far.
  const seen = { observed, underWay: underWay(await journalOf(target.store)) };
  const states = objectiveStates({
    parsed: system.parsed,
    evidence: observed.exists ? await readEvidence(target.store) : [],
    releases: servingReleases(observed),
    now: timestamp(context.clock),
    target: system.graph.platform,
  });
  if (options.json === true) {
    const rest = { objectives: states, underWay: seen.underWay };
    const document = statusJson(system, observed, rest);
    context.terminal.out(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    print(system, seen, { states, invocation });
  }
  return options["held"] === true ? exitOf(states) : EXIT.done;
};

function print(
  system: OpenSystem,
  { observed, underWay }: { observed: Observed; underWay: UnderWay | undefined },
  rest: { states: readonly ObjectiveLine[]; invocation: Parameters<RunVerb>[0] },
): void {
  const { context } = rest.invocation;
  const { terminal } = context;
  terminal.out(`${subject(system)}\n`);
  if (!observed.exists || observed.units.length === 0) {
    terminal.out("nothing runs; start it: seaworthy up\n");
  } else if (observed.units.every((unit) => unit.instances.length === 0)) {
    terminal.out("no instance runs, only the edge: seaworthy up, or seaworthy down\n");
  } else {
    const silent = observed.edge?.ready === false ? "  does not answer" : "";
    for (const address of observed.edge?.addresses ?? []) {
      terminal.out(`edge ${address}${silent}\n`);
    }
    for (const line of table(unitRows(system, observed))) terminal.out(`${line}\n`);
  }
  for (const line of underWay === undefined ? [] : underWayLines(underWay)) {
    terminal.out(`${line}\n`);
  }
  const paint = painter(terminal);
  for (const line of table(rest.states.map((state) => objectiveLine(state, paint)))) {
    terminal.out(`${line}\n`);
  }
}

/** A damaged journal keeps nobody from looking; the verbs that need it refuse, and doctor tells. */
async function journalOf(store: RecordStore): Promise<readonly JournalEntry[]> {
  return await readRecords(store, "journal").catch((error: unknown) => {
    if (error instanceof RecordDamaged) return [];
    throw error;
  });
}

function servingReleases(observed: Observed): Readonly<Record<string, string>> {
  const serving: Record<string, string> = {};
  for (const unit of observed.units) {
    const release = unit.instances.find((instance) => instance.routed)?.release ?? unit.committed;
    if (release !== undefined) serving[unit.name] = release;
  }
  return serving;
}

function exitOf(states: readonly ObjectiveLine[]): number {
  if (states.some((state) => state.state === "missed")) return EXIT.missed;
  if (states.some((state) => state.state !== "held")) return EXIT.couldNotVerify;
  return EXIT.done;
}
