import { countsOf, type Reported } from "./report.ts";

/** The shape of `check --json` for files (cli.md): all findings, notes too, each with its group. */
export function reportJson(findings: readonly Reported[], notices: readonly string[]): object {
  const units = Map.groupBy(findings, ({ unit }) => unit);
  return {
    schemaVersion: 1,
    findings: findings.map(({ isFixable, ...finding }) => ({ ...finding, fixable: isFixable })),
    notices,
    summary: {
      ...countsOf(findings),
      units: [...units].map(([name, own]) => ({ name, ...countsOf(own) })),
    },
  };
}
