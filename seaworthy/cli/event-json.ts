import type { Event } from "../record/event.ts";

/** One line of `events --json` and of a long verb's stream (cli.md): the event, and whose it is. */
export function eventJson(event: Event): object {
  return { schemaVersion: 1, ...event, ids: idsOf(event) };
}

function idsOf(event: Event): Readonly<Record<string, string>> {
  const about = "step" in event ? event.step : event;
  const ids: Record<string, string> = { operation: event.operation };
  if ("unit" in about) ids["unit"] = about.unit;
  if ("instance" in about) ids["instance"] = about.instance;
  if ("job" in about) ids["job"] = about.job;
  if ("fault" in about) {
    ids["fault"] = about.fault.id;
    if ("instance" in about.fault.fault) ids["instance"] = about.fault.fault.instance;
  }
  if ("drill" in about) ids["drill"] = about.drill;
  return ids;
}
