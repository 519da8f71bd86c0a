import { dockerVerb, invocationOf } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { baseName } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { listed, scriptsOf, shortName, type Script } from "./scripts-of.ts";
import { outcomeOf, traceOf, type Moment } from "./trace.ts";

/** A deployment that says "completed" whatever happened. */
export const scriptContinuesAfterFailure: FileRule = {
  name: "script-continues-after-failure",
  summary: "a deployment script goes on after a failed step and says that it succeeded",
  check: (unit) => scriptsOf(unit).flatMap((script) => oneScript(script)),
};

const NAMES = /deploy|release|rollout|upgrade|migrat|provision/i;

function oneScript(script: Script): readonly Found[] {
  if (!script.isScript || !NAMES.test(baseName(script.path))) return [];
  if (/test|demo|dev|local/i.test(baseName(script.path))) return [];
  const trace = traceOf(script.shell);
  const success = trace.findLastIndex((moment) => saysSuccess(moment));
  const said = trace[success];
  if (said === undefined) return [];
  const lost = trace.slice(0, success).filter((moment) => isLost(moment));
  const [first] = lost;
  if (first === undefined) return [];
  const names = lost.map(({ command }) => nameOf(command));
  const blind = blindCheck(script);
  return [
    {
      severity: "warning",
      message:
        `${shortName(script)} goes on when ${listed(names)} fails, and prints ` +
        `"${shown(said.command)}" all the same` +
        (blind === undefined
          ? ""
          : "; an unhealthy instance does not change its exit status either"),
      places: [
        script.place(first.command.line),
        script.place(said.command.line),
        ...(blind === undefined ? [] : [script.place(blind.line)]),
      ],
      why: "The pipeline is green and the people go home while half of it runs, or none.",
      fix: "`set -euo pipefail` at the top, and `exit 1` where a check finds something unhealthy.",
    },
  ];
}

/** A step that the deployment stands on, and whose failure nothing sees. */
function isLost(moment: Moment): boolean {
  const { command } = moment;
  if (command.substituted || !matters(command)) return false;
  return outcomeOf(moment) === "ignored" && command.pipe.length === 1;
}

function matters({ expanded }: ShellCommand): boolean {
  const docker = dockerVerb(expanded);
  if (docker !== undefined) {
    if (docker.engine === "compose") return /^(?:up|build|pull)$/.test(docker.verb);
    return /^(?:build|push|run|load)$/.test(docker.verb);
  }
  const run = invocationOf(expanded);
  if (run === undefined || run.place.type !== "here") return false;
  const text = run.args.join(" ").slice(0, 500);
  return STEPS.some(([program, words]) => program.test(run.program) && words.test(text));
}

const STEPS: readonly (readonly [RegExp, RegExp])[] = [
  [/^kubectl$/, /\b(?:apply|set image|rollout status|create)\b/],
  [/^helm$/, /\b(?:upgrade|install)\b/],
  [/^terraform$/, /\bapply\b/],
  [/^(?:npm|yarn|pnpm)$/, /\b(?:ci|install|build|migrate|run (?:build|migrate))\b/],
  [/^(?:mvn|mvnw|gradle|gradlew)$/, /\b(?:package|build|deploy|install)\b/],
  [/^git$/, /^(?:pull|clone|checkout)\b/],
  [/^(?:rsync|scp)$/, /./],
  [/^(?:alembic|flyway|liquibase)$/, /\b(?:upgrade|migrate|update)\b/],
];

function nameOf({ expanded }: ShellCommand): string {
  const run = invocationOf(expanded);
  const docker = dockerVerb(expanded);
  if (docker !== undefined)
    return `${docker.engine === "compose" ? "docker compose" : "docker"} ${docker.verb}`;
  const verb = run?.args.find((word) => !word.startsWith("-")) ?? "";
  return `${run?.program ?? ""} ${verb}`.trim();
}

const SUCCESS = /complet|success|finished|deployed|\bdone\b|成功|完成/i;

/** Printed without a condition on the way. */
function saysSuccess({ command, calls }: Moment): boolean {
  const [program = "", ...words] = command.expanded;
  if (!/^(?:echo|printf|log\w*|info|print\w*|success)$/.test(program)) return false;
  const conditional = [...calls, command].some(({ guards }) =>
    guards.some(({ when }) => when !== "case"),
  );
  return !conditional && SUCCESS.test(words.join(" "));
}

function shown({ expanded }: ShellCommand): string {
  return expanded
    .slice(1)
    .join(" ")
    .replaceAll(/\\0?33\[[\d;]{0,8}m|\$\{?[A-Z_]{1,20}\}?/g, "")
    .trim()
    .slice(0, 60);
}

/** `if curl …; then echo healthy; else echo unhealthy; fi`: it is seen and changes nothing. */
function blindCheck({ shell }: Script): ShellCommand | undefined {
  const probes = shell.commands.filter(
    ({ expanded, onFailure }) =>
      /^(?:curl|wget)$/.test(expanded[0] ?? "") && onFailure === "branches",
  );
  return probes.find((probe) => {
    const bodies = shell.commands.filter(({ guards }) =>
      guards.some(({ when, of }) => when === "failure" && of.includes(probe)),
    );
    return (
      bodies.length > 0 &&
      bodies.every(
        ({ expanded, assignments }) =>
          assignments.length === 0 &&
          /^(?:echo|printf|log\w*|warn\w*|error)$/.test(expanded[0] ?? ""),
      )
    );
  });
}
