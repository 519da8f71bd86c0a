import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../system/finding.ts";
import { findingsJson, findingsText } from "./findings-text.ts";

const aFinding = (over: Partial<Finding>): Finding => ({
  rule: "single-replica",
  severity: "warning",
  message: "one replica cannot keep 99.9 %",
  places: [{ file: "system.ts", line: 7, path: "services.api.replicas" }],
  why: "each roll is an outage",
  fix: "replicas: 2",
  ...over,
});

test("errors come first, each with place, why and fix", () => {
  const lines = findingsText(
    [aFinding({}), aFinding({ severity: "error", rule: "unknown-field" })],
    (_color, text) => text,
  );
  assert.match(lines[0] ?? "", /^error .*\[unknown-field\]$/);
  assert.ok(lines.includes("  at   system.ts:7  services.api.replicas"));
  assert.ok(lines.includes("  fix  replicas: 2"));
});

test("a fingerprint survives a moved line and changes with the message", () => {
  const print = (finding: Finding) =>
    JSON.stringify(findingsJson([finding])).match(/"fingerprint":"(\w+)"/)?.[1];
  const moved = aFinding({
    places: [{ file: "system.ts", line: 9, path: "services.api.replicas" }],
  });
  assert.equal(print(aFinding({})), print(moved));
  assert.notEqual(print(aFinding({})), print(aFinding({ message: "another" })));
});
