import { humanDuration } from "@seaworthy/std/duration";
import { historyOf, type PastOperation } from "../../record/history.ts";
import { readRecords } from "../../record/read.ts";
import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { openSystem, subject } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import { painter, table, type Paint } from "../paint.ts";
import { readEvents } from "../records.ts";
import type { RunVerb } from "../verb.ts";
import { countOption } from "./events.ts";

const SHOWN = 20;

/** Who changed what, when, and how it ended: one line an operation, oldest first. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  await using target = disposable(await openTarget(system, context));
  const shown = countOption(options["tail"], { fallback: SHOWN, flag: "--tail" });
  const [journal, events] = [await readRecords(target.store, "journal"), readEvents(target.store)];
  const past = historyOf(journal, await events);
  const last = past.slice(Math.max(0, past.length - shown));
  if (options.json === true) {
    const operations = last.map((one) => ({ ...one, tookMs: one.tookMs ?? null }));
    context.terminal.out(`${JSON.stringify({ schemaVersion: 1, operations }, null, 2)}\n`);
    return EXIT.done;
  }
  if (last.length === 0) context.terminal.out(`${subject(system)}: nothing was ever done here\n`);
  const paint = painter(context.terminal);
  for (const line of table(last.map((one) => row(one, paint)))) context.terminal.out(`${line}\n`);
  return EXIT.done;
};

function row(one: PastOperation, paint: Paint): readonly string[] {
  const isGood = one.outcome === "done" || one.outcome === "nothing-to-do";
  const took = one.tookMs === undefined ? "" : humanDuration(one.tookMs);
  const changes = one.changes.map(({ unit, from, to }) =>
    from === to ? unit : `${unit} ${from ?? "none"} → ${to}`,
  );
  const what = [changes.join(", "), one.because].filter((text) => text !== "").join(" · ");
  const outcome = paint(isGood ? "green" : "yellow", one.outcome);
  return [one.at, one.operation, outcome, took, what];
}
