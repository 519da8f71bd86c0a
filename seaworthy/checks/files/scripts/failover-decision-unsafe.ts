import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { failoverOf, type FailoverStep } from "./failover.ts";
import { scriptsOf, shortName, type Script } from "./scripts-of.ts";
import { outcomeOf } from "./trace.ts";

/** A failover cannot be taken back: it needs a sure reason and a primary that is surely off. */
export const failoverDecisionUnsafe: FileRule = {
  name: "failover-decision-unsafe",
  summary: "a failover that one failed or ignored check sets off, or that leaves two primaries",
  check: (unit) => scriptsOf(unit).flatMap((script) => oneScript(script)),
};

function oneScript(script: Script): readonly Found[] {
  const steps = failoverOf(script);
  const index = steps.findIndex(({ part }) => part === "traffic" || part === "promote");
  const move = steps[index];
  if (move === undefined) return [];
  const before = steps.slice(0, index);
  const asked = before.some(({ part }) => part === "confirm");
  const probes = before.filter(({ part }) => part === "probe");
  return [
    ...(asked ? [] : ignored({ script, move, probes })),
    ...(asked ? [] : single({ script, move, probes })),
    ...unfenced(script, steps),
  ];
}

interface Decision {
  readonly script: Script;
  readonly move: FailoverStep;
  readonly probes: readonly FailoverStep[];
}

/** Conditions that stand above a command and above the calls that lead to it. */
function conditionsOf({ command, calls }: FailoverStep): readonly ShellCommand[] {
  return [...calls, command].flatMap(({ guards }) => guards.flatMap(({ of }) => of));
}

function ignored({ script, move, probes }: Decision): readonly Found[] {
  const [probe] = probes;
  if (probe === undefined || conditionsOf(move).length > 0) return [];
  if (probes.some((step) => outcomeOf(step) !== "ignored" || callStops(step))) return [];
  const call = probe.calls.at(-1) ?? probe.command;
  return [
    {
      severity: "error",
      message:
        `${shortName(script)}: the outcome of \`${call.expanded[0] ?? ""}\` is not looked at; ` +
        "the failover goes ahead whether the primary is down or well",
      places: [script.place(call.line), script.place(move.command.line)],
      why:
        "Run against a healthy primary it moves everybody to the other site: two sites that " +
        "write, " +
        "and data that nobody can merge.",
      fix:
        `Act on it: \`if ${call.expanded[0] ?? "check"}; then echo "primary is well"; exit ` +
        `1; fi\`.`,
    },
  ];
}

/** Any of the calls on the way ends the script when it fails. */
function callStops({ calls }: FailoverStep): boolean {
  return calls.some(({ onFailure }) => onFailure === "stops" || onFailure === "branches");
}

function single({ script, move, probes }: Decision): readonly Found[] {
  const conditions = conditionsOf(move);
  const deciding = probes.filter(({ command }) => conditions.includes(command));
  const [probe] = deciding;
  if (probe === undefined || deciding.length > 1) return [];
  const repeated = probe.command.guards.some(({ when }) => when === "loop");
  if (repeated || probe.command.expanded.some((word) => /^--(?:retry|tries)/.test(word))) return [];
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)}: one failed \`${probe.command.expanded[0] ?? ""}\` sets off a ` +
        `failover ` +
        "that cannot be taken back",
      places: [script.place(probe.command.line), script.place(move.command.line)],
      why:
        "A lost packet, a deploy or a health page that is red for another reason (a full disk) " +
        "moves the whole service at night, with nobody asked.",
      fix:
        "Ask several times and from more than one place (three of three over two minutes), " +
        "and let " +
        "a person confirm.",
    },
  ];
}

function unfenced(script: Script, steps: readonly FailoverStep[]): readonly Found[] {
  const index = steps.findIndex(({ part }) => part === "promote");
  const promote = steps[index];
  if (promote === undefined) return [];
  if (steps.slice(0, index).some(({ part }) => part === "fence")) return [];
  // A managed switchover demotes the old primary itself.
  if (promote.command.expanded.some((word) => /switchover|failover/.test(word))) return [];
  // Whoever is asked can see to the old primary; a script that asks nobody has to.
  const asked = steps.slice(0, index).some(({ part }) => part === "confirm");
  return [
    {
      severity: asked ? "note" : "warning",
      message: `${shortName(script)} promotes the standby, and nothing stops the old primary first`,
      places: [script.place(promote.command.line)],
      why:
        "A primary that was only unreachable comes back and takes writes of its own: two " +
        "histories, of which one is thrown away.",
      fix:
        "Stop it or take its writes away first (power off, security group, read-only), or " +
        "refuse.",
    },
  ];
}
