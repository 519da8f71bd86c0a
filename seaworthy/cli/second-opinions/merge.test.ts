import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileFinding } from "../../checks/files/files.ts";
import { merge } from "./merge.ts";
import type { Opinion } from "./tool.ts";

const file = { path: "h.cfg", text: "a\nb\nc\nd\n" };
const opinion = (own: Partial<Opinion>): Opinion => ({
  ...{ file, tool: "haproxy 2.6.12", complaints: [], accepts: false },
  ...own,
});
const finding = (rule: string, line: number): FileFinding => ({
  ...{ rule, unit: "u", severity: "error", message: "refused", why: "w", fix: "f" },
  places: [{ file: "h.cfg", line }],
});
const invalid = finding("native-config-invalid", 2);
const merged = (findings: readonly FileFinding[], own: Partial<Opinion>) =>
  merge(findings, [opinion(own)], () => "u");

test("the same fault is one finding, which names the tool and its version", () => {
  for (const line of [1, 2, 3, undefined]) {
    const { findings, confirmed } = merged([invalid], { complaints: [{ line, message: "x" }] });
    assert.deepEqual(findings, [invalid]);
    assert.equal(confirmed.get(invalid), "haproxy 2.6.12");
  }
  const other = finding("limit-chain-inverted", 3);
  const { confirmed } = merged([other], { complaints: [{ line: 3, message: "x" }] });
  assert.equal(confirmed.size, 1);
});

test("what only the tool says is one note a file", () => {
  const complaints = [
    { line: 4, message: "odd" },
    { line: 1, message: "odder" },
  ];
  const { findings, confirmed } = merged([invalid], { complaints: [...complaints] });
  assert.equal(confirmed.size, 1);
  assert.deepEqual(
    findings.slice(1).map(({ severity, message, places }) => [severity, message, places]),
    [["note", "haproxy 2.6.12 says: odd", [{ file: "h.cfg", line: 4 }]]],
  );
});

test("what the tool accepts and we refuse is a note beside our finding", () => {
  const { findings } = merged([invalid], { accepts: true });
  assert.deepEqual(
    findings.map(({ severity }) => severity),
    ["error", "note"],
  );
  assert.deepEqual(merged([finding("other", 2)], { accepts: true }).findings.length, 1);
  assert.deepEqual(merged([], { accepts: true }).findings, []);
});
