import { createHash } from "node:crypto";
import type { Finding, Place } from "../system/finding.ts";
import type { Paint } from "./paint.ts";

/** Findings for people: what and where, why, fix. Errors first, then as they came. */
export function findingsText(findings: readonly Finding[], paint: Paint): readonly string[] {
  const order = { error: 0, warning: 1, note: 2 } as const;
  const sorted = findings.toSorted((a, b) => order[a.severity] - order[b.severity]);
  return sorted.flatMap((finding) => findingText(finding, paint));
}

function findingText(finding: Finding, paint: Paint): readonly string[] {
  const color = { error: "red", warning: "yellow", note: "cyan" } as const;
  const where = finding.places.map(placeText).filter((text) => text !== "");
  const severity = paint(color[finding.severity], finding.severity);
  const lines = [`${severity} ${finding.message} ${paint("dim", `[${finding.rule}]`)}`];
  for (const place of where) lines.push(`  at   ${place}`);
  for (const place of finding.places) {
    if (place.excerpt !== undefined) {
      for (const line of place.excerpt.split("\n")) lines.push(`       ${paint("dim", line)}`);
    }
  }
  if (finding.why !== "") lines.push(`  why  ${finding.why}`);
  if (finding.fix !== "") lines.push(`  fix  ${finding.fix}`);
  return lines;
}

function placeText(place: Place): string {
  const file =
    place.file === undefined
      ? ""
      : `${place.file}${place.line === undefined ? "" : `:${place.line}`}`;
  return [file, place.path ?? ""].filter((part) => part !== "").join("  ");
}

/** The shape of `check --json` (cli.md); the fingerprint survives a change of line numbers. */
export function findingsJson(findings: readonly Finding[]): object {
  const count = (severity: Finding["severity"]) =>
    findings.filter((finding) => finding.severity === severity).length;
  return {
    schemaVersion: 1,
    findings: findings.map((finding) => ({ ...finding, fingerprint: fingerprint(finding) })),
    summary: { errors: count("error"), warnings: count("warning"), notes: count("note") },
  };
}

function fingerprint(finding: Finding): string {
  const places = finding.places.map((place) => [place.file, place.path, place.excerpt]);
  const text = JSON.stringify([finding.rule, finding.message, places]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
