export type Guard = "lint" | "types" | "format" | "dead code" | "rules";

/** A violation, what the guard must say about it, and the healthy neighbour it must not touch. */
export interface Plant {
  readonly guard: Guard;
  readonly bad: string;
  readonly says: string;
  readonly good: string;
}

type Row = readonly [guard: Guard, bad: string, says: string, good: string];

const ROOM = "seaworthy/rollout";
const ORDER = "import is restricted from being used by a pattern";

const ROWS: readonly Row[] = [
  ["lint", "seaworthy/plan/later-room.ts", ORDER, "seaworthy/plan/earlier-room.ts"],
  ["lint", "seaworthy/plan/later-room-by-type.ts", ORDER, "seaworthy/plan/earlier-room.ts"],
  ["lint", "seaworthy/plan/later-room-at-run-time.ts", ORDER, "seaworthy/plan/earlier-room.ts"],
  ["lint", "seaworthy/plan/later-room-passed-on.ts", ORDER, "seaworthy/plan/earlier-room.ts"],
  ["lint", "seaworthy/plan/deep/later-room.ts", ORDER, "seaworthy/plan/earlier-room.ts"],
  ["lint", "seaworthy/drills/through-the-door.ts", ORDER, "seaworthy/plan/earlier-room.ts"],
  ["lint", "seaworthy/wide-door.ts", ORDER, "seaworthy/seaworthy.ts"],
  ["lint", "seaworthy/checks/knows-the-gateway.ts", ORDER, "seaworthy/cli/knows-the-gateway.ts"],
  ["lint", "gateway/knows-the-tool.ts", ORDER, "gateway/knows-std.ts"],
  ["lint", "std/knows-a-package.ts", ORDER, "std/knows-node.ts"],
  ["lint", "systems/n/system.ts", ORDER, "systems/m/system.ts"],
  ["lint", "systems/m/apps/a/knows-the-tool.ts", ORDER, "systems/m/apps/a/knows-its-clock.ts"],

  ["lint", `${ROOM}/reads-the-clock.ts`, "Date.now", "std/knows-node.ts"],
  ["lint", `${ROOM}/reads-the-fine-clock.ts`, "performance", "std/knows-node.ts"],
  ["lint", `${ROOM}/rolls-dice.ts`, "Math.random", "std/knows-node.ts"],
  ["lint", `${ROOM}/waits.ts`, "setTimeout", `${ROOM}/takes-a-clock.ts`],
  ["lint", `${ROOM}/waits-again.ts`, "setInterval", `${ROOM}/takes-a-clock.ts`],
  [
    "lint",
    `${ROOM}/reads-the-environment.ts`,
    "process.env",
    "systems/m/apps/a/knows-its-clock.ts",
  ],
  ["rules", `${ROOM}/asks-today.ts`, "[world]", `${ROOM}/asks-that-day.ts`],
  ["rules", `${ROOM}/imports-timers.ts`, "[world]", "std/knows-node.ts"],

  ["lint", `${ROOM}/forgets-a-promise.ts`, "no-floating-promises", `${ROOM}/awaits-a-promise.ts`],
  ["lint", `${ROOM}/open-switch.ts`, "switch-exhaustiveness-check", `${ROOM}/closed-switch.ts`],
  ["lint", `${ROOM}/casts.ts`, "consistent-type-assertions", `${ROOM}/satisfies.ts`],
  ["lint", `${ROOM}/takes-anything.ts`, "no-explicit-any", `${ROOM}/satisfies.ts`],
  ["lint", `${ROOM}/insists.ts`, "no-non-null-assertion", `${ROOM}/satisfies.ts`],
  ["lint", `${ROOM}/trusts-a-text.ts`, "no-unsafe-assignment", `${ROOM}/satisfies.ts`],
  ["lint", `${ROOM}/circle-a.ts`, "no-cycle", `${ROOM}/takes-a-clock.ts`],
  ["lint", `${ROOM}/many-parameters.ts`, "max-params", `${ROOM}/takes-a-clock.ts`],
  ["lint", `${ROOM}/function-of-71-lines.ts`, "max-lines-per", `${ROOM}/function-of-70-lines.ts`],
  ["lint", `${ROOM}/file-of-401-lines.ts`, "(max-lines)", `${ROOM}/file-of-400-lines.ts`],

  ["rules", `${ROOM}/shell-import.ts`, "[shell]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/shell-namespace.ts`, "[shell]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/shell-option.ts`, "[shell]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/shell-program.ts`, "[shell]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/shell-argv.ts`, "[shell]", `${ROOM}/no-shell.ts`],

  ["rules", `${ROOM}/utils.ts`, "[names]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/helpers.ts`, "[names]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/common.ts`, "[names]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/types.ts`, "[names]", `${ROOM}/wrong-type.ts`],
  ["rules", `${ROOM}/index.ts`, "[names]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/roll-manager.ts`, "[names]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/camelCase.ts`, "[names]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/name.spec.ts`, "[names]", `${ROOM}/skipped.test.ts`],
  ["rules", `${ROOM}/long-line.ts`, "[columns]", `${ROOM}/long-enough-line.ts`],
  ["rules", `${ROOM}/trailing-space.ts`, "[whitespace]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/no-newline.ts`, "[whitespace]", `${ROOM}/no-shell.ts`],
  ["rules", `${ROOM}/silences.ts`, "[suppressions]", `${ROOM}/expects-aloud.ts`],
  ["rules", `${ROOM}/silences-types.ts`, "[suppressions]", `${ROOM}/expects-aloud.ts`],
  ["rules", `${ROOM}/expects-silently.ts`, "[suppressions]", `${ROOM}/expects-aloud.ts`],
  ["rules", `${ROOM}/focused.test.ts`, "[focus]", `${ROOM}/skipped.test.ts`],
  ["rules", "docs-path.md", "[words]", "docs-fine.md"],
  ["rules", "docs-registry.md", "[words]", "docs-fine.md"],
  ["rules", "docs-author.md", "[words]", "docs-fine.md"],
  ["rules", "docs-word.md", "[words]", "docs-fine.md"],

  ["types", `${ROOM}/wrong-type.ts`, "TS2322", `${ROOM}/expects-aloud.ts`],
  ["types", `${ROOM}/inexact.ts`, "TS2375", `${ROOM}/satisfies.ts`],
  ["format", `${ROOM}/badly-formatted.ts`, "badly-formatted", `${ROOM}/satisfies.ts`],
  ["dead code", "seaworthy/cli/orphan.ts", "orphan", "seaworthy/cli/reached.ts"],
  ["dead code", "seaworthy/cli/reached.ts", "nobodyAsks", "seaworthy/cli/main.ts"],
  ["dead code", "seaworthy/cli/reached.ts", "left-pad", "seaworthy/cli/main.ts"],
];

export const PLANTS: readonly Plant[] = ROWS.map(([guard, bad, says, good]) => ({
  guard,
  bad,
  says,
  good,
}));
