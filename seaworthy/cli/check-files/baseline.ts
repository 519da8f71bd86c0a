import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import type { Reported } from "./report.ts";

/** A file of findings that are known: only others fail. */
export interface Baseline {
  readonly schemaVersion: 1;
  /** By fingerprint; rule, file and message are for whoever reads it. */
  readonly known: Readonly<
    Record<string, { readonly rule: string; readonly file: string; readonly message: string }>
  >;
}

const BASELINE: z.ZodType<Baseline> = z.object({
  schemaVersion: z.literal(1),
  known: z.record(
    z.string(),
    z.object({ rule: z.string(), file: z.string(), message: z.string() }),
  ),
});

export function readBaseline(path: string): Baseline {
  const refuse = (because: string): Refusal =>
    new Refusal(EXIT.usage, `--baseline ${path}: ${because}`, {
      fix: `write it anew: seaworthy check . --write-baseline ${path}`,
    });
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  const parsed = BASELINE.safeParse(data);
  if (!parsed.success) throw refuse("this is no baseline");
  return parsed.data;
}

export function baselineOf(findings: readonly Reported[]): Baseline {
  const known = findings
    .map(({ fingerprint, rule, message, places }) => {
      const [{ file }] = places;
      return [fingerprint, { rule, file, message }] as const;
    })
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { schemaVersion: 1, known: Object.fromEntries(known) };
}

export function writeBaseline(path: string, baseline: Baseline): void {
  writeFileSync(path, `${JSON.stringify(baseline, null, 2)}\n`);
}
