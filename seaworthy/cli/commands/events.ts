import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openSystem } from "../open-system.ts";
import { eventJson } from "../event-json.ts";
import { openTarget } from "../open-target.ts";
import { eventText } from "../progress/event-text.ts";
import { readEvents } from "../records.ts";
import type { RunVerb } from "../verb.ts";

const EVENTS_SHOWN = 50;

/** What happened, oldest first, one line an event (`--json`: one document a line). */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  await using target = disposable(await openTarget(system, context));
  const shown = countOption(options["tail"], { fallback: EVENTS_SHOWN, flag: "--tail" });
  const events = await readEvents(target.store);
  for (const event of events.slice(Math.max(0, events.length - shown))) {
    if (options.json === true) {
      context.terminal.out(`${JSON.stringify(eventJson(event))}\n`);
      continue;
    }
    const text =
      event.kind === "operation-ended" ? `${event.outcome} ${event.because}` : eventText(event);
    context.terminal.out(`${event.at} ${event.operation} ${text ?? event.kind}\n`);
  }
  return EXIT.done;
};

/** A whole number of at least 0 from the command line. */
export function countOption(
  value: unknown,
  options: { readonly fallback: number; readonly flag: string },
): number {
  if (value === undefined) return options.fallback;
  const count = Number(value);
  if (typeof value === "string" && /^\d+$/.test(value) && Number.isSafeInteger(count)) return count;
  throw new Refusal(EXIT.usage, `${options.flag}: a whole number`);
}
