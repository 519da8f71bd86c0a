import type { Observed, ObservedRun } from "../plan/observed.ts";
import type { JobUnit } from "../plan/graph.ts";
import type { Target } from "../targets/target.ts";
import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";
import { singleStepsVerb } from "./single-steps-verb.ts";
import type { Invocation } from "./verb.ts";

/** `job done NAME`, `job again NAME`: what a person decided, who looked at what the job did. */
export interface Settling {
  readonly job: JobUnit;
  readonly as: "done" | "again";
  readonly target: Target;
  readonly observed: Observed;
  readonly invocation: Invocation;
}

/** Records the decision; the next `up` goes by it. Exit 9 where nothing waits for one. */
export async function settleJob(settling: Settling): Promise<number> {
  const { job, as, target, observed, invocation } = settling;
  const open = halfDone(job, observed);
  if (open === undefined) {
    throw new Refusal(EXIT.refused, `nothing of ${job.name} is half done`, {
      fix: `to run it now: seaworthy job run ${job.name}`,
    });
  }
  const { release, instance } = open;
  if (invocation.options.dryRun === true) {
    invocation.context.terminal.out(`would settle ${instance} of ${release} as ${as}\n`);
    return EXIT.done;
  }
  const will = as === "done" ? "counts as done" : "runs again with the next up";
  const { code } = await singleStepsVerb(
    {
      verb: "job",
      steps: [{ action: "settle-job", job: job.name, release, as }],
      about: { job: job.name, release, as },
      done: `${job.name} of ${release} ${will}`,
      next: `seaworthy logs ${job.name}; seaworthy job list`,
    },
    target,
    invocation,
  );
  return code;
}

/** The last run that was a release's own, unless it went well. */
function halfDone(job: JobUnit, { units }: Observed): ObservedRun | undefined {
  const runs = units.find(({ name }) => name === job.name)?.runs ?? [];
  const last = runs.findLast(({ run }) => run === undefined);
  return last?.outcome === "done" ? undefined : last;
}
