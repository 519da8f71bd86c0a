import type { Reported } from "./report.ts";
import { grouped } from "./report.ts";

const COMMAND = { error: "error", warning: "warning", note: "notice" } as const;

/**
 * Workflow commands that GitHub shows beside the lines. Source: docs.github.com, "Workflow commands
 * for GitHub Actions", `::error file={name},line={line},title={title}::{message}`.
 */
export function reportGithub(
  findings: readonly Reported[],
  options: { readonly notes: boolean; readonly pathOf: (file: string) => string },
): readonly string[] {
  const shown = grouped(findings)
    .flatMap(({ head, others }) => [head, ...others])
    .filter(({ severity }) => options.notes || severity !== "note");
  return shown.map((finding) => {
    const [{ file, line }, ...others] = finding.places;
    const ends = others.map((place) => `see ${place.file}:${String(place.line)}`);
    const text = [finding.message, ...ends, `why: ${finding.why}`, `fix: ${finding.fix}`].join(
      "\n",
    );
    const path = property(options.pathOf(file));
    const title = property(finding.rule);
    const place = `file=${path},line=${String(line)},title=${title}`;
    return `::${COMMAND[finding.severity]} ${place}::${data(text)}`;
  });
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
