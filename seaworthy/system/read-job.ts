import { ok, refuse } from "@seaworthy/std/result";
import { duration, flag } from "./kinds.ts";
import { child, notA, readObject, type Fields, type Leaf, type Site } from "./reader.ts";
import { readResourcesField } from "./read-resources.ts";
import { readRunField } from "./read-run.ts";
import { ENVIRONMENT } from "./read-value.ts";
import { parseSchedule } from "./schedule.ts";
import type { Job } from "./system.ts";

export function readJob(input: unknown, site: Site, name: string): Job {
  site.log.source(child(site, "name"), "derived");
  return readObject(input, site, {
    expected: "a job",
    read: (fields) => {
      fields.notYet({ overrides: "Remove it; overrides come with the renderers." });
      return {
        name,
        run: readRunField(fields),
        ...readWhen(fields, site),
        idempotent: fields.leaf({
          name: "idempotent",
          kind: flag,
          default: false,
          means: "It may run again after it was killed half-way.",
        }),
        deadlineMs: fields.leaf({
          name: "deadline",
          as: "deadlineMs",
          kind: duration({ min: 1_000 }),
          default: 600_000,
          means: "Longer than this and it is stopped and has failed.",
        }),
        env: fields.part(ENVIRONMENT),
        resources: readResourcesField(fields),
      };
    },
  });
}

function readWhen(fields: Fields, site: Site): Pick<Job, "when" | "schedule"> {
  const when = fields.leaf({
    name: "when",
    kind: trigger,
    default: "before-rollout",
    means: `Before each release rolls, by schedule (${CRON}), or only by \`job run\`.`,
  });
  site.log.source(child(site, "schedule"), "derived");
  if (when === "before-rollout" || when === "on-demand") return { when, schedule: undefined };
  return { when: "schedule", schedule: when };
}

const CRON = "five fields of cron, in UTC";
const WHEN = `"before-rollout", "on-demand", or a schedule such as "0 3 * * *" (${CRON})`;

const trigger: Leaf<string> = {
  expected: WHEN,
  placeholder: "before-rollout",
  show: (value) => JSON.stringify(value),
  parse: (input) => {
    if (input === "before-rollout" || input === "on-demand") return ok(input);
    if (typeof input !== "string" || !/\s/.test(input.trim())) return refuse(notA(input, WHEN));
    const schedule = parseSchedule(input);
    return schedule.ok ? ok(input) : refuse({ ...notA(input, WHEN), message: schedule.error });
  },
};
