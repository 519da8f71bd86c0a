import type { FileRule, Found } from "../file-rule.ts";
import { failoverOf, type FailoverStep } from "./failover.ts";
import { scriptsOf, shortName, type Script } from "./scripts-of.ts";
import { outcomeOf } from "./trace.ts";

/** Traffic comes last: after the standby is promoted, started, and answers. */
export const failoverOrderUnsafe: FileRule = {
  name: "failover-order-unsafe",
  summary: "traffic moves before the site that takes it over is ready",
  check: (unit) => scriptsOf(unit).flatMap((script) => oneScript(script)),
};

function oneScript(script: Script): readonly Found[] {
  const steps = failoverOf(script);
  const moved = steps.findIndex(({ part }) => part === "traffic");
  const move = steps[moved];
  if (move === undefined) return [];
  const after = steps.slice(moved + 1);
  const late = after.filter(({ part }) => part === "promote" || part === "start");
  return [
    ...(late.length === 0 ? [] : [tooEarly({ script, move, late })]),
    ...unread(script, after),
    ...blindWait(script, steps),
  ];
}

interface Early {
  readonly script: Script;
  readonly move: FailoverStep;
  readonly late: readonly FailoverStep[];
}

function tooEarly({ script, move, late }: Early): Found {
  const places = [...move.calls, ...late.flatMap(({ command, calls }) => [command, ...calls])].map(
    ({ line }) => script.place(line),
  );
  const promotes = late.some(({ part }) => part === "promote");
  const what = promotes ? "the database is promoted" : "its instances are started";
  return {
    severity: "warning",
    message:
      `${shortName(script)}: traffic is moved before the other site can take it: ` +
      `${what} only afterwards`,
    places: [script.place(move.command.line), ...places],
    why:
      "Users are sent to a read-only database or to nothing, caches keep that address for the " +
      "record's lifetime, and the outage grows longer than it was.",
    fix: "Promote, start and wait until the other site answers; move the traffic last.",
  };
}

/** A check after the move whose failure changes nothing. */
function unread(script: Script, after: readonly FailoverStep[]): readonly Found[] {
  const probe = after.find(
    (step) =>
      step.part === "probe" &&
      (outcomeOf(step) === "ignored" ||
        step.calls.some(({ onFailure }) => onFailure === "ignored")),
  );
  if (probe === undefined) return [];
  const call = probe.calls.at(-1) ?? probe.command;
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)}: nobody looks at the outcome of ` +
        `\`${call.expanded[0] ?? ""}\` after the move`,
      places: [script.place(call.line), script.place(probe.command.line)],
      why: "The script says completed while the other site does not answer.",
      fix: `\`${call.expanded[0] ?? "verify"} || { echo "not ready"; exit 1; }\`, with a way back.`,
    },
  ];
}

function blindWait(script: Script, steps: readonly FailoverStep[]): readonly Found[] {
  const sleep = steps.find(
    ({ part, command }) =>
      part === "sleep" &&
      Number.parseInt(command.expanded.at(-1) ?? "0", 10) >= 30 &&
      !command.guards.some(({ when }) => when === "loop"),
  );
  if (sleep === undefined) return [];
  return [
    {
      severity: "note",
      message:
        `${shortName(script)} waits ${sleep.command.expanded.at(-1) ?? ""} s, not for ` +
        `anything`,
      places: [script.place(sleep.command.line)],
      why: "Too short on a bad day, and lost minutes of outage on every other.",
      fix: "Wait for the condition, with a deadline: the record resolves, the site answers.",
    },
  ];
}
