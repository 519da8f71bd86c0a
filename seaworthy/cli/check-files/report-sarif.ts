import { VERSION } from "../version.ts";
import type { Reported, ReportedPlace } from "./report.ts";

/** What a rule is, for readers who see its findings in another tool. */
export interface SarifRule {
  readonly name: string;
  readonly summary: string;
}

const SCHEMA =
  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** SARIF 2.1.0 (OASIS): one run, a result for each finding, related places as such. */
export function reportSarif(
  findings: readonly Reported[],
  options: { readonly rules: readonly SarifRule[]; readonly pathOf: (file: string) => string },
): object {
  const used = new Set(findings.map(({ rule }) => rule));
  const names = [...used].toSorted();
  const summaries = new Map(options.rules.map(({ name, summary }) => [name, summary]));
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "seaworthy",
            semanticVersion: VERSION,
            rules: names.map((name) => ({
              id: name,
              shortDescription: { text: summaries.get(name) ?? name },
              help: { text: `seaworthy explain ${name}` },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: findings.map((finding) => resultOf(finding, names, options.pathOf)),
      },
    ],
  };
}

function resultOf(
  finding: Reported,
  rules: readonly string[],
  pathOf: (file: string) => string,
): object {
  const [first, ...others] = finding.places;
  return {
    ruleId: finding.rule,
    ruleIndex: rules.indexOf(finding.rule),
    level: finding.severity,
    message: { text: [finding.message, finding.why, `Fix: ${finding.fix}`].join("\n") },
    locations: [locationOf(first, pathOf)],
    relatedLocations: others.map((place, index) => ({
      id: index + 1,
      ...locationOf(place, pathOf),
      message: { text: "the other end" },
    })),
    partialFingerprints: { "seaworthy/v1": finding.fingerprint },
    properties: { group: finding.group, unit: finding.unit },
  };
}

function locationOf({ file, line, excerpt }: ReportedPlace, pathOf: (file: string) => string) {
  return {
    physicalLocation: {
      artifactLocation: { uri: pathOf(file).split("/").map(encodeURIComponent).join("/") },
      region: {
        startLine: Math.max(1, line),
        ...(excerpt === undefined ? {} : { snippet: { text: excerpt } }),
      },
    },
  };
}
