import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { aStretch, FAILED } from "../load/sample.fixture.ts";
import { anEvidence } from "./evidence.fixture.ts";
import { html } from "./markup.ts";
import { type Report, reportPage, surenessText } from "./report.ts";
import { type Timeline, TimelineMaker } from "./timeline.ts";
import { aRun } from "./verdict.fixture.ts";

const NONE = { safe: 0, idempotent: 0, unsafe: 0, stream: 0 };

/** A report in which every text that comes from outside is this one. */
function aReport(text: string): Report {
  const moments = {
    baselineFromMs: 2_000,
    windowFromMs: 5_000,
    windowToMs: 20_000,
    undoneMs: 9_000,
  };
  const stopped = { sent: NONE, failed: NONE, how: { [text]: 1 } };
  const run = aRun({ injected: text, undone: text, moments, outageOf: {}, stopped });
  const one = anEvidence({
    drill: text,
    because: text,
    runs: [run],
    unit: text,
    unproven: text,
    again: ["drill", text],
    findings: [text],
    leftBroken: [text],
    releases: { [`u${text}`]: text },
    declarationHash: text,
    target: text,
    raw: text,
    at: text,
    predicted: { what: text, fromMs: 700, toMs: 2_800, varies: [{ of: text, ms: 2_100 }] },
  });
  return {
    system: text,
    environment: text,
    target: text,
    at: text,
    version: text,
    availability: 0.999,
    drills: [{ evidence: [one], timelines: [aTimeline()], undrawn: text }],
    skipped: [{ drill: text, because: text }],
  };
}

function aTimeline(): Timeline {
  const maker = new TimelineMaker({
    baselineFromMs: 2_000,
    windowFromMs: 5_000,
    windowToMs: 20_000,
  });
  for (const sample of aStretch({ fromMs: 2_000, toMs: 5_000 })) maker.add(sample);
  for (const sample of aStretch({ fromMs: 5_000, toMs: 6_000 }, FAILED)) maker.add(sample);
  for (const sample of aStretch({ fromMs: 6_000, toMs: 20_000 })) maker.add(sample);
  return maker.timeline();
}

/** Every tag with the names of its attributes: what a browser makes of it, without text. */
function skeleton(page: string): readonly string[] {
  return [...page.matchAll(/<(\/?[a-z!][^\s/>]*)((?:\s+[^\s=>]+="[^"]*")*)[^>]*>/gi)].map((tag) => {
    const names = [...(tag[2] ?? "").matchAll(/\s+([^\s=]+)=/g)].map((found) => found[1]);
    return `${tag[1]} ${names.join(" ")}`.trim();
  });
}

const HARMLESS = skeleton(reportPage(aReport("harmless")));

const NASTY = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  "</style><script>alert(1)</script>",
  "</title><script>alert(1)</script>",
  "--><script>alert(1)</script><!--",
  "]]><svg onload=alert(1)>",
  "&lt;script&gt;",
  "javascript:alert(1)",
  "`${alert(1)}`",
  "\u202egnp.exe",
  "\u0000<b>",
  "\ud800<i>",
  "a\nb\r\n<hr>",
  "<a href=//evil.example/>",
  "<meta http-equiv=refresh content=0;url=//evil.example>",
];

function assertHarmless(text: string): void {
  const page = reportPage(aReport(text));
  assert.deepEqual(skeleton(page), HARMLESS);
  assert.ok(!/[^\P{C}\t\n]/u.test(page), "nothing that turns or hides text");
  assert.ok(page.isWellFormed());
}

test("no tag of the page can fetch, run or send anything", () => {
  const tags = new Set(HARMLESS.map((tag) => tag.split(" ")[0]?.replace("/", "")));
  for (const tag of ["script", "a", "img", "iframe", "form", "link", "object", "use", "image"]) {
    assert.ok(!tags.has(tag), tag);
  }
  const attributes = HARMLESS.flatMap((tag) => tag.split(" ").slice(1));
  assert.deepEqual(
    attributes.filter((name) => /^on|^(src|href|style|action|xlink)/.test(name)),
    [],
  );
});

for (const text of NASTY) {
  test(`a report is the same page whatever it quotes: ${JSON.stringify(text)}`, () => {
    assertHarmless(text);
  });
}

test("no text at all becomes markup", () => {
  const pieces = fc.constantFrom(
    "<",
    ">",
    '"',
    "'",
    "&",
    "`",
    "=",
    "/",
    " ",
    "on",
    "x",
    ";",
    "\u2028",
  );
  const text = fc.oneof(
    fc.string({ unit: pieces, maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc
      .tuple(fc.constantFrom(...NASTY), fc.string({ maxLength: 10 }))
      .map((parts) => parts.join("")),
  );
  fc.assert(fc.property(text, assertHarmless), { numRuns: 200 });
});

test("a page into which text came as it is would be seen", () => {
  const page = reportPage(aReport("harmless")).replace(
    "harmless",
    '<img src="x" onerror="alert(1)">',
  );
  assert.notDeepEqual(skeleton(page), HARMLESS);
  assert.equal(html`<p title="${'"<'}">${[html`<b>${"&"}</b>`]}</p>`.toString(), EXPECTED);
});
const EXPECTED = '<p title="&quot;&lt;"><b>&amp;</b></p>';

test("the page fetches nothing, runs nothing, and its policy holds for its one style", () => {
  const page = reportPage(aReport("harmless"));
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";
  assert.match(policy, /^default-src &#39;none&#39;; /);
  assert.ok(policy.includes(`style-src &#39;sha256-${hash}&#39;`), "the hash of what is there");
  assert.ok(!/unsafe|script-src|http:|https:|data:/.test(policy));
  assert.ok(!/\sstyle="|@import|url\(|https?:/i.test(page));
  assert.equal(page.match(/<style>/g)?.length, 1);
});

test("every value is on the page: each run, prediction, budget, how to play it again", () => {
  const page = reportPage(aReport("harmless"));
  for (const text of [
    "700 ms to 2.8 s",
    "harmless (2.1 s)",
    "safe 3,000, unsafe 1,000, stream 500",
    "Does not prove harmless",
    "seaworthy drill harmless",
    "n 4,500 in 1 run, which could show 0.067 % at best",
    "95 % sure: fewer than 95 % of such drills would miss",
    "0 ms of outage a fault",
  ]) {
    assert.ok(page.includes(text), text);
  }
});

test("so many green runs prove so little", () => {
  const runs = (count: number) => Array.from({ length: count }, () => aRun());
  const text = (count: number) => surenessText(anEvidence({ runs: runs(count) }));
  assert.match(text(3), /fewer than 63 % of such drills would miss/);
  assert.match(text(29), /fewer than 9.8 % /);
  assert.match(
    surenessText(anEvidence({ runs: runs(1), earlier: { runs: 2, sent: 500 } })),
    /5,000 in 3 runs, 2 of them earlier/,
  );
  assert.doesNotMatch(surenessText(anEvidence({ verdict: "missed" })), /sure/);
});

test("a run is drawn second by second: what failed when, and nothing where nobody answered", () => {
  const { buckets, bucketMs } = aTimeline();
  assert.equal(bucketMs, 1_000);
  const [broken] = buckets.filter(({ failed }) => failed.safe > 0);
  assert.deepEqual([broken?.fromMs, broken?.failed.safe, broken?.p50Ms], [5_000, 100, undefined]);
  assert.equal(buckets.length, 18, "from the baseline to the last request");
});

test("a run of hours is drawn in fewer, longer stretches", () => {
  const maker = new TimelineMaker({
    baselineFromMs: 0,
    windowFromMs: 1_000,
    windowToMs: 7_200_000,
  });
  const { buckets, bucketMs } = maker.timeline();
  assert.ok(buckets.length <= 240);
  assert.equal(bucketMs, 31_000);
});
