import type { Documents } from "../document.ts";
import type { Schedule } from "../fact.ts";
import { entryAt, itemsAt } from "../node.ts";
import { at } from "../source.ts";
import { workloadsOf } from "./workloads.ts";

/** CronJobs, each with the command of its first container. */
export function scheduleFacts(documents: Documents): readonly Schedule[] {
  return workloadsOf(documents).flatMap(({ object, workload, containers }): Schedule[] => {
    const entry = entryAt(object.root, "spec", "schedule");
    const [first] = containers;
    if (workload !== "CronJob" || entry?.node.type !== "scalar") return [];
    const command = [...itemsAt(first, "command"), ...itemsAt(first, "args")]
      .flatMap((word) => (word.type === "scalar" ? [word.text] : []))
      .join(" ");
    return [{ kind: "schedule", at: at(object.file, entry.line), cron: entry.node.text, command }];
  });
}
