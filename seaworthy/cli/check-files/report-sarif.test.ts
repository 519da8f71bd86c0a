import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { finding } from "./report.fixture.ts";
import { reported } from "./report.ts";
import { reportSarif } from "./report-sarif.ts";

const text = z.strictObject({ text: z.string().min(1) });
/** RFC 3986: what a URI reference may hold, and nothing that needs escaping. */
const uri = z.string().regex(/^(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+$/);
const location = z.strictObject({
  id: z.int().min(0).optional(),
  message: text.optional(),
  physicalLocation: z.strictObject({
    artifactLocation: z.strictObject({ uri }),
    region: z.strictObject({ startLine: z.int().min(1), snippet: text.optional() }),
  }),
});
/** What sarif-schema-2.1.0.json requires and allows of the parts that are written. */
const log = z.strictObject({
  $schema: z.url(),
  version: z.literal("2.1.0"),
  runs: z.array(
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.string().min(1),
          semanticVersion: z.string().regex(/^\d+\.\d+\.\d+$/),
          rules: z.array(
            z.strictObject({ id: z.string().min(1), shortDescription: text, help: text }),
          ),
        }),
      }),
      columnKind: z.enum(["utf16CodeUnits", "unicodeCodePoints"]),
      results: z.array(
        z.strictObject({
          ruleId: z.string(),
          ruleIndex: z.int().min(-1),
          level: z.enum(["none", "note", "warning", "error"]),
          message: text,
          locations: z.array(location),
          relatedLocations: z.array(location),
          partialFingerprints: z.record(z.string(), z.string()),
          properties: z.record(z.string(), z.unknown()),
        }),
      ),
    }),
  ),
});

const options = {
  rules: [{ name: "scrape-target-nobody", summary: "nobody is scraped" }],
  pathOf: (file: string) => `deploy/${file}`,
};

test("what is written is SARIF 2.1.0", () => {
  const places = [
    { file: "odd name#1.yml", line: 1 },
    { file: "监控/b.yml", line: 7 },
  ] as const;
  const all = reported([finding({ places }), finding({ rule: "another", severity: "note" })], []);
  const { runs } = log.parse(JSON.parse(JSON.stringify(reportSarif(all, options))));
  const [run] = runs;
  assert.ok(run);
  assert.deepEqual(
    run.tool.driver.rules.map(({ id }) => id),
    ["another", "scrape-target-nobody"],
  );
  for (const { ruleId, ruleIndex } of run.results) {
    assert.equal(run.tool.driver.rules[ruleIndex]?.id, ruleId);
  }
  const [first] = run.results;
  const artifact = first?.locations[0]?.physicalLocation.artifactLocation.uri;
  assert.equal(artifact, "deploy/odd%20name%231.yml");
  assert.equal(first?.relatedLocations[0]?.physicalLocation.region.startLine, 7);
});

test("a tree without findings is a log without results", () => {
  const { runs } = log.parse(reportSarif([], options));
  assert.deepEqual(runs[0]?.results, []);
});
