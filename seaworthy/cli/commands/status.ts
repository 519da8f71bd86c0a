import { deadline, timestamp } from "@seaworthy/std/clock";
import type { Tier } from "../../drills/catalogue.ts";
import { objectiveStates } from "../../drills/objectives.ts";
import { releasesServing } from "../../drills/whole.ts";
import type { Observed } from "../../plan/observed.ts";
import type { DueDrill } from "../../drills/due.ts";
import { scheduleLine, scheduleOf } from "../choose-drills.ts";
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
  certificateLine,
  type ObjectiveLine,
  objectiveLine,
  statusJson,
  underWayLines,
  unitRows,
} from "../status-text.ts";
import type { RunVerb } from "../verb.ts";

const OBSERVE_MS = 10_000;
/** What `drill --due` plays when nobody says more. */
const DUE_TIER_MAX: Tier = "T1";

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
  const evidence = observed.exists ? await readEvidence(target.store) : [];
  const releases = releasesServing(observed);
  const { platform } = target;
  const asked = { tierMax: DUE_TIER_MAX, unit: undefined };
  const schedule = scheduleOf({ system, context, platform, evidence, releases, ...asked });
  const states = objectiveStates({
    parsed: system.parsed,
    evidence,
    releases,
    now: timestamp(context.clock),
    target: system.graph.platform,
  });
  if (options.json === true) {
    const rest = { objectives: states, underWay: seen.underWay, schedule };
    const document = statusJson(system, observed, rest);
    context.terminal.out(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    print(system, seen, { states, schedule, invocation });
  }
  return options["held"] === true ? exitOf(states) : EXIT.done;
};

function print(
  system: OpenSystem,
  { observed, underWay }: { observed: Observed; underWay: UnderWay | undefined },
  rest: {
    states: readonly ObjectiveLine[];
    schedule: readonly DueDrill[] | undefined;
    invocation: Parameters<RunVerb>[0];
  },
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
    const certificate = certificateLine(observed.edge?.tls, context.clock.wall());
    if (certificate !== undefined) terminal.out(`${certificate}\n`);
    for (const line of table(unitRows(system, observed))) terminal.out(`${line}\n`);
  }
  for (const line of underWay === undefined ? [] : underWayLines(underWay)) {
    terminal.out(`${line}\n`);
  }
  const paint = painter(terminal);
  for (const line of table(rest.states.map((state) => objectiveLine(state, paint)))) {
    terminal.out(`${line}\n`);
  }
  const due = scheduleLine(rest.schedule, system.parsed.system.drills, context.clock.wall());
  if (due !== undefined) terminal.out(`${due}\n`);
}

/** A damaged journal keeps nobody from looking; the verbs that need it refuse, and doctor tells. */
async function journalOf(store: RecordStore): Promise<readonly JournalEntry[]> {
  return await readRecords(store, "journal").catch((error: unknown) => {
    if (error instanceof RecordDamaged) return [];
    throw error;
  });
}

function exitOf(states: readonly ObjectiveLine[]): number {
  if (states.some((state) => state.state === "missed")) return EXIT.missed;
  if (states.some((state) => state.state !== "held")) return EXIT.couldNotVerify;
  return EXIT.done;
}
