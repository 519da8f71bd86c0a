import { choice, duration, flag } from "./kinds.ts";
import { child, isRecord, readObject, type Site } from "./reader.ts";
import { readResourcesField } from "./read-resources.ts";
import { readRunField } from "./read-run.ts";
import { ENVIRONMENT } from "./read-value.ts";
import type { Job } from "./system.ts";

const JOB_LATER = "Schedules come in a later version; run it from the outside until then.";

export function readJob(input: unknown, site: Site, name: string): Job {
  site.log.source(child(site, "name"), "derived");
  const when = isSchedule(input)
    ? choice(["before-rollout"], { [input.when]: JOB_LATER })
    : choice(["before-rollout"]);
  return readObject(input, site, {
    expected: "a job",
    read: (fields) => {
      fields.notYet({ overrides: "Remove it; overrides come with the renderers." });
      return {
        name,
        run: readRunField(fields),
        when: fields.leaf({
          name: "when",
          kind: when,
          default: "before-rollout",
          means: "When it runs: once per release, before its services roll.",
        }),
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

/** Five or six fields of cron. */
function isSchedule(input: unknown): input is { readonly when: string } {
  if (!isRecord(input)) return false;
  const { when } = input;
  return typeof when === "string" && /^[\d*/,-]+( [\w*/,-]+){4,5}$/.test(when);
}
