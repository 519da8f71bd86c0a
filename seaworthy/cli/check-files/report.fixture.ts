import type { FileFinding } from "../../checks/files/files.ts";

/** A finding with everything that a test does not care about. */
export function finding(own: Partial<FileFinding> = {}): FileFinding {
  return {
    rule: "scrape-target-nobody",
    unit: "compose.yml",
    severity: "error",
    message: "nothing defines ap",
    places: [{ file: "prometheus.yml", line: 2 }],
    why: "the alerts stay silent",
    fix: "name app",
    ...own,
  };
}
