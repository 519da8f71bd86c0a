import assert from "node:assert/strict";
import { test } from "node:test";
import { finding } from "./report.fixture.ts";
import { grouped, reported } from "./report.ts";
import { reportGithub } from "./report-github.ts";
import { reportJson } from "./report-json.ts";
import { reportText, summaryText } from "./report-text.ts";

const files = [{ path: "prometheus.yml", text: "a: 1\ntargets: [ap]\ntargets: [ap]\n" }];
const moved = [{ path: "prometheus.yml", text: "a: 1\n\n\n   targets: [ap]\n" }];
const plain = { paint: (_: string, text: string) => text, notes: false, known: 2 };

test("a fingerprint moves with its line, and differs from every other", () => {
  const [one] = reported([finding()], files);
  const [same] = reported([finding({ places: [{ file: "prometheus.yml", line: 4 }] })], moved);
  assert.equal(one?.fingerprint, same?.fingerprint);
  const others = [
    finding({ rule: "other" }),
    finding({ message: "nothing defines bp" }),
    finding({ places: [{ file: "prometheus.yml", line: 1 }] }),
    finding({ places: [{ file: "other.yml", line: 2 }] }),
  ];
  const prints = reported([finding(), ...others], files).map(({ fingerprint }) => fingerprint);
  assert.equal(new Set(prints).size, prints.length);
});

test("the same words on the same text twice are two findings", () => {
  const twice = [finding(), finding({ places: [{ file: "prometheus.yml", line: 3 }] })];
  const prints = reported(twice, files).map(({ fingerprint }) => fingerprint);
  assert.equal(new Set(prints).size, 2);
});

test("one cause is one group, the worst first; units do not share causes", () => {
  const cause = "missing-host ap";
  const groups = grouped(
    reported(
      [
        finding({ severity: "warning", rule: "alone" }),
        finding({ severity: "note", rule: "low", cause }),
        finding({ severity: "error", rule: "high", cause }),
        finding({ severity: "error", rule: "elsewhere", unit: "other", cause }),
      ],
      files,
    ),
  );
  assert.deepEqual(
    groups.map(({ head, others }) => [head.rule, others.map(({ rule }) => rule)]),
    [
      ["elsewhere", []],
      ["high", ["low"]],
      ["alone", []],
    ],
  );
});

test("text shows both ends, why, fix and the page; notes only when asked", () => {
  const places = [
    { file: "prometheus.yml", line: 2 },
    { file: "guide.md", line: 9, as: "compose.yml" },
  ] as const;
  const all = reported([finding({ places }), finding({ severity: "note", rule: "low" })], files);
  assert.deepEqual(reportText(all, plain), [
    "error nothing defines ap [scrape-target-nobody]",
    "  at   prometheus.yml:2  targets: [ap]",
    "  at   guide.md:9 (compose.yml)",
    "  why  the alerts stay silent",
    "  fix  name app",
    "  more seaworthy explain scrape-target-nobody",
    "",
  ]);
  assert.equal(reportText(all, { ...plain, notes: true }).length, 13);
  assert.deepEqual(summaryText(all, plain), [
    "compose.yml: 1 error, 0 warnings, 1 note (--notes shows them)",
  ]);
  assert.deepEqual(summaryText([], plain), ["nothing found in 2 files"]);
  assert.match(summaryText([], { ...plain, known: 0 })[0] ?? "", /nothing was checked/);
});

test("no secret of a line or an address is printed, in any format", () => {
  const secret = [{ path: "prometheus.yml", text: "a: 1\npassword: Hunter2\n" }];
  const message = "postgres://app:Hunter2@db/shop is refused";
  const all = reported([finding({ message })], secret);
  const printed = [
    ...reportText(all, plain),
    ...reportGithub(all, { notes: true, pathOf: (file) => file }),
    JSON.stringify(reportJson(all, [])),
  ].join("\n");
  assert.ok(!printed.includes("Hunter2"), printed);
});

test("JSON has every finding with fingerprint and group, and counts by unit", () => {
  const all = reported([finding(), finding({ severity: "note", unit: "other" })], files);
  const document: unknown = JSON.parse(JSON.stringify(reportJson(all, ["x is a declaration"])));
  const [own] = all;
  assert.ok(own);
  const { fingerprint, group } = own;
  assert.deepEqual(document, {
    schemaVersion: 1,
    findings: [
      {
        ...finding(),
        places: [{ file: "prometheus.yml", line: 2, excerpt: "targets: [ap]" }],
        fingerprint,
        group,
        fixable: false,
      },
      {
        ...finding({ severity: "note", unit: "other" }),
        places: [{ file: "prometheus.yml", line: 2, excerpt: "targets: [ap]" }],
        fingerprint: all[1]?.fingerprint,
        group: all[1]?.group,
        fixable: false,
      },
    ],
    notices: ["x is a declaration"],
    summary: {
      errors: 1,
      warnings: 0,
      notes: 1,
      units: [
        { name: "compose.yml", errors: 1, warnings: 0, notes: 0 },
        { name: "other", errors: 0, warnings: 0, notes: 1 },
      ],
    },
  });
});

test("workflow commands escape what GitHub would read as theirs", () => {
  const places = [{ file: "a,b:c.yml", line: 2 }] as const;
  const all = reported([finding({ places, message: "100% of\nit" })], files);
  assert.deepEqual(reportGithub(all, { notes: false, pathOf: (file) => `deploy/${file}` }), [
    "::error file=deploy/a%2Cb%3Ac.yml,line=2,title=scrape-target-nobody::" +
      "100%25 of it%0Awhy: the alerts stay silent%0Afix: name app",
  ]);
});
