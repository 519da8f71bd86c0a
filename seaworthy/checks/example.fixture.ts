import assert from "node:assert/strict";
import { expand } from "../plan/expand.ts";
import type { Finding } from "../system/finding.ts";
import { parse } from "../system/parse.ts";
import { check } from "./check.ts";
import type { CertificateSight } from "./rule.ts";

/** What all rules say about a declaration in its data form, which must be understood. */
export function checked(
  input: unknown,
  beside?: ReadonlySet<string>,
  certificate?: CertificateSight,
): readonly Finding[] {
  const parsed = parse(input, { environment: undefined, platform: undefined });
  assert.ok(parsed.ok, parsed.ok ? "" : JSON.stringify(parsed.error, null, 2));
  const graph = expand(parsed.value);
  assert.ok(graph.ok, graph.ok ? "" : JSON.stringify(graph.error, null, 2));
  return check(parsed.value, graph.value, { beside, certificate });
}

/** A system without a finding, to be made worse. */
export function aSystem(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: "shop",
    services: { api: aService() },
    edge: { routes: { "/": "api" } },
    objectives: { availability: "99.9%", errors: "0.1%", latency: { p95: "500ms" } },
    load: { rate: "50/s", mix: [{ GET: "/" }] },
    ...change,
  };
}

export function aService(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { run: { build: "./api", command: ["node", "main.ts"] }, replicas: 3, ...change };
}
