import assert from "node:assert/strict";
import type { Finding } from "./finding.ts";
import { parse, type ParseOptions } from "./parse.ts";
import type { Parsed } from "./system.ts";

export const NONE: ParseOptions = { environment: undefined, platform: undefined };
export const run = { build: "./api", command: ["node", "main.ts"] };

export function aSystem(change: object = {}): Record<string, unknown> {
  return { name: "shop", services: { api: { run } }, ...change };
}

export function withService(change: object): Record<string, unknown> {
  return aSystem({ services: { api: { run, ...change } } });
}

export function understood(input: unknown, options: ParseOptions = NONE): Parsed {
  const result = parse(input, options);
  assert.ok(result.ok, result.ok ? "" : JSON.stringify(result.error, null, 2));
  return result.value;
}

export function faults(input: unknown, options: ParseOptions = NONE): readonly Finding[] {
  const result = parse(input, options);
  return result.ok ? [] : result.error;
}

export function brief(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ rule, places }) => `${rule} ${places[0]?.path ?? ""}`).toSorted();
}
