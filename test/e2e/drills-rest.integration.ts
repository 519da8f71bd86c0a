import assert from "node:assert/strict";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { type Ended, rehearse } from "./rehearsal.ts";

/** Drills that the real command does not begin: the budget is spent, or a blackout holds. */

/** Of 30 days it allows 2.6 s. */
const OBJECTIVES = `availability: "99.9999%", errors: "1%", latency: { p95: "5s" }`;
const DAY_MS = 86_400_000;
/** On a machine whose load comes late a drill breaks nothing, and takes nothing of the budget. */
const TURNS_MAX = 3;

/** `web` of two, and beside it `solo` of one, whose every fault is an outage. */
function declared(given: { readonly drills?: string } = {}): string {
  const more = `drills: { exclude: { "certificate-expiry": "not what this is about" } },`;
  const ready = `ready: { every: "200ms", timeout: "300ms", fall: 2 },`;
  const changes = {
    "  },\n  edge:": `    solo: service({
      run: { build: "./apps/web", command: ["node", "main.ts"] },
      port: 8081, boot: "6s", drain: "2s", stop: "3s",
    }),
  },
  edge:`,
    [`routes: { "/": "web" }`]: `routes: { "/": "web", "/solo": "solo" }`,
    [`objectives: { errors: "1%" }`]: `objectives: { ${OBJECTIVES} }`,
    [`mix: [{ GET: "/", weight: 1 }]`]: `mix: [{ GET: "/" }, { GET: "/solo" }]`,
    [`freeze: "3s"`]: `freeze: "3s", every: "7d"${given.drills ?? ""}`,
  };
  let text = aSystem({ more: `${ready} ${more}` });
  for (const [from, to] of Object.entries(changes)) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  return text;
}

interface DrillDocument {
  readonly evidence: readonly {
    readonly verdict: string;
    readonly because: string;
    readonly runs: readonly { readonly outage: { readonly unavailableMs: number } }[];
  }[];
  readonly skipped: readonly { readonly drill: string; readonly waits?: true }[];
}

function documentOf({ stdout, stderr }: Ended): DrillDocument {
  const line = stdout.trim().split("\n").at(-1) ?? "";
  assert.ok(line.startsWith("{"), stdout + stderr);
  const document: DrillDocument = JSON.parse(line);
  return document;
}

test("what the budget of the month does not cover is not begun", async (t) => {
  await using rehearsal = await rehearse({ "system.ts": declared() });
  const { run } = rehearsal;
  const up = await run(["up", "--accept", "single-replica"]);
  assert.equal(up.code, 0, up.stderr);
  const freeze = ["drill", "freeze-instance", "--json", "--quiet"];

  await t.test(
    "more runs than a month allows: exit 8, both figures, and the ways out",
    async () => {
      const ended = await run([...freeze, "--runs", "4"]);
      assert.equal(ended.code, 8, ended.stderr);
      const [evidence] = documentOf(ended).evidence;
      assert.deepEqual([evidence?.verdict, evidence?.runs], ["could-not-verify", []]);
      assert.match(evidence?.because ?? "", /took 0 ms of the 2\.6 s that 99\.9999 % of 30 days/);
      assert.match(evidence?.because ?? "", /4 runs may take 3\.2 s more: play fewer \(--runs 3\)/);
      assert.match(evidence?.because ?? "", /or accept it: --allow-outage$/);
    },
  );

  await t.test("a real outage is what was spent, until it is a month ago", async () => {
    const kill = ["drill", "kill-instance", "--unit", "solo", "--allow-outage", "--yes"];
    let spentMs = 0;
    for (let turn = 0; turn < TURNS_MAX && spentMs === 0; turn += 1) {
      const { evidence } = documentOf(await run([...kill, "--json", "--quiet"]));
      spentMs = evidence[0]?.runs[0]?.outage.unavailableMs ?? 0;
    }
    // 2.6 s less the 2.4 s that three runs may take.
    assert.ok(spentMs > 192, `an only instance was away for ${spentMs} ms`);
    const ended = await run([...freeze, "--runs", "3"]);
    assert.equal(ended.code, 8, ended.stderr);
    const because = documentOf(ended).evidence[0]?.because ?? "";
    const back = /wait until (\S+Z), when enough of it is back/.exec(because)?.[1] ?? "";
    const days = (Date.parse(back) - Date.now()) / DAY_MS;
    assert.ok(days > 29 && days <= 30, because);
  });
});

test("in a blackout drills rest: refused by hand, waiting by schedule", async (t) => {
  const day = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
  const [from, to] = [day(-1), day(1)];
  const text = declared({ drills: `, blackouts: [{ from: "${from}", to: "${to}" }]` });
  await using rehearsal = await rehearse({ "system.ts": text });
  const { run } = rehearsal;
  const up = await run(["up", "--accept", "single-replica"]);
  assert.equal(up.code, 0, up.stderr);

  await t.test("by name and all of them: exit 9, with its end", async () => {
    for (const words of [
      ["kill-instance"],
      ["kill-instance", "--allow-outage", "--yes"],
      ["--all"],
    ]) {
      const ended = await run(["drill", ...words]);
      assert.equal(ended.code, 9, ended.stdout + ended.stderr);
      assert.ok(ended.stderr.includes(`holds until ${to}`), ended.stderr);
    }
  });

  await t.test("what is due is left out with the reason: exit 0", async () => {
    const ended = await run(["drill", "--due", "--json"]);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    const { evidence, skipped } = documentOf(ended);
    assert.deepEqual(evidence, []);
    assert.ok(skipped.some(({ drill, waits }) => drill === "kill-instance" && waits === true));
    assert.match((await run(["drill", "--due"])).stdout, /what is due waits/);
  });

  await t.test("status says until when, and nothing was broken", async () => {
    const status = await run(["status"]);
    assert.ok(status.stdout.includes(`holds until ${to}`), status.stdout);
    assert.doesNotMatch((await run(["history"])).stdout, /drill/);
  });
});

test("a blackout that is none is refused where it stands", async () => {
  const drills = `, blackouts: [{ from: "2026-12-27", to: "2026-12-20" }]`;
  await using rehearsal = await rehearse({ "system.ts": declared({ drills }) });
  const ended = await rehearsal.run(["check"]);
  assert.equal(ended.code, 2, ended.stdout);
  assert.match(ended.stdout + ended.stderr, /drills\.blackouts\[0\]\.to/);
});
