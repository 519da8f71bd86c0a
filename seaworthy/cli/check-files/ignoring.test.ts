import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileFinding } from "../../checks/files/files.ts";
import { ignore } from "./ignoring.ts";
import { finding } from "./report.fixture.ts";
import { reported } from "./report.ts";

const RULE = "scrape-target-nobody";
const rules = new Set([RULE, "other-rule"]);

function ignoring(
  files: Readonly<Record<string, string>>,
  findings: readonly FileFinding[] = [finding()],
) {
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }));
  const prints = reported(findings, sources);
  const printed = findings.map((one, index) => ({
    finding: one,
    fingerprint: prints[index]?.fingerprint ?? "",
  }));
  const { kept, ignored, faults } = ignore(printed, { files: sources, rules, today: "2026-11-20" });
  return { kept: kept.length, ignored, faults: faults.map(({ rule }) => rule) };
}

const HIDDEN = { kept: 0, ignored: 1, faults: [] };

for (const comment of [
  `# seaworthy ignore ${RULE}: known`,
  `// seaworthy ignore ${RULE}: known`,
  `-- seaworthy ignore ${RULE}: known`,
  `; seaworthy ignore ${RULE}: known`,
  `<!-- seaworthy ignore ${RULE}: known -->`,
  `/* seaworthy ignore ${RULE}: known */`,
  `{# seaworthy ignore other-rule, ${RULE}: known #}`,
]) {
  test(`${comment} speaks for the next line and its own`, () => {
    assert.deepEqual(ignoring({ "prometheus.yml": `${comment}\ntargets: [ap]\n` }), HIDDEN);
    assert.deepEqual(ignoring({ "prometheus.yml": `a: 1\ntargets: [ap] ${comment}\n` }), HIDDEN);
  });
}

test("several comments above one line all speak for it, and none for the line after", () => {
  const above = `# seaworthy ignore other-rule: a\n# seaworthy ignore ${RULE}: b\n`;
  const text = `${above}targets: [ap]\nx\n`;
  const at = (line: number) => finding({ places: [{ file: "prometheus.yml", line }] });
  assert.deepEqual(ignoring({ "prometheus.yml": text }, [at(3)]), {
    ...HIDDEN,
    faults: ["ignore-unused"],
  });
  assert.equal(ignoring({ "prometheus.yml": text }, [at(4)]).kept, 1);
});

test("a comment at the other end of a finding will do", () => {
  const places = [
    { file: "prometheus.yml", line: 2 },
    { file: "compose.yml", line: 2 },
  ] as const;
  const files = { "compose.yml": `# seaworthy ignore ${RULE}: known\nx: 1\n` };
  assert.deepEqual(ignoring(files, [finding({ places })]), HIDDEN);
});

test("without a reason, or with a rule that is none, nothing is ignored and that is said", () => {
  for (const comment of [
    `# seaworthy ignore ${RULE}`,
    `# seaworthy ignore ${RULE}:  `,
    "# seaworthy ignore no-such-rule: known",
  ]) {
    assert.deepEqual(ignoring({ "prometheus.yml": `${comment}\ntargets: [ap]\n` }), {
      kept: 1,
      ignored: 0,
      faults: ["ignore-invalid"],
    });
  }
});

const list = (entry: string) => ({ ".seaworthy-ignore.yaml": `ignore:\n  - ${entry}\n` });
const REASON = "reason: known";

test("the list ignores by rule, path and fingerprint", () => {
  const [own] = reported([finding()], []);
  for (const entry of [
    `{ rule: ${RULE}, ${REASON} }`,
    `{ rule: ${RULE}, path: "*.yml", ${REASON} }`,
    `{ rule: ${RULE}, path: /prometheus.yml, ${REASON}, expires: 2026-11-20 }`,
    `{ rule: ${RULE}, fingerprint: "${own?.fingerprint ?? ""}", ${REASON} }`,
  ]) {
    assert.deepEqual(ignoring(list(entry)), HIDDEN, entry);
  }
  for (const entry of [
    `{ rule: other-rule, ${REASON} }`,
    `{ rule: ${RULE}, path: deploy/, ${REASON} }`,
    `{ rule: ${RULE}, fingerprint: "0", ${REASON} }`,
  ]) {
    assert.deepEqual(ignoring(list(entry)), { kept: 1, ignored: 0, faults: ["ignore-unused"] });
  }
});

test("what has expired ignores nothing", () => {
  const entry = `{ rule: ${RULE}, ${REASON}, expires: 2026-11-19 }`;
  assert.deepEqual(ignoring(list(entry)), { kept: 1, ignored: 0, faults: ["ignore-expired"] });
});

test("an entry with a fault ignores nothing", () => {
  for (const entry of [
    `{ rule: ${RULE} }`,
    `{ ${REASON} }`,
    `{ rule: ${RULE}, ${REASON}, until: 2027-01-01 }`,
    `{ rule: ${RULE}, ${REASON}, expires: soon }`,
    `{ rule: no-such-rule, ${REASON} }`,
    RULE,
  ]) {
    const said = { kept: 1, ignored: 0, faults: ["ignore-invalid"] };
    assert.deepEqual(ignoring(list(entry)), said, entry);
  }
  const none = ignoring({ ".seaworthy-ignore.yaml": "rules: []\n" });
  assert.deepEqual(none.faults, ["ignore-invalid"]);
});
