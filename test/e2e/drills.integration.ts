import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { CATALOGUE } from "../../seaworthy/drills/catalogue.ts";
import { aSystem } from "./declarations.ts";
import { type Ended, rehearse } from "./rehearsal.ts";
import { until } from "./until.ts";

/** Many drills at once, by schedule, and their report, as a user would type it. */
const SCHEDULED: Readonly<Record<string, string>> = {
  [`freeze: "3s"`]: `freeze: "3s", every: "7d"`,
  [`objectives: { errors: "1%" }`]: `objectives: { errors: "1%", latency: { p95: "500ms" } }`,
};
/** Two are enough to see how they are run one after the other; each takes its whole window. */
const PLAYED = ["kill-instance", "freeze-instance"];
const LEFT_OUT = Object.keys(CATALOGUE).filter((name) => !PLAYED.includes(name));
const EXCLUDED = LEFT_OUT.map((name) => `"${name}": "not ${name} today"`).join(", ");
const ONLY_PLAYED = `drills: { exclude: { ${EXCLUDED} } },`;

function changed(text: string, changes: Readonly<Record<string, string>>): string {
  let now = text;
  for (const [from, to] of Object.entries(changes)) {
    assert.ok(now.includes(from), from);
    now = now.replace(from, to);
  }
  return now;
}

interface DrillDocument {
  readonly evidence: readonly {
    readonly drill: string;
    readonly verdict: string;
    readonly raw: string;
    readonly predicted: unknown;
    readonly leftBroken?: readonly string[];
  }[];
  readonly skipped: readonly { readonly drill: string; readonly because: string }[];
}

function documentOf({ stdout, stderr }: Ended): DrillDocument {
  const line = stdout.trim().split("\n").at(-1) ?? "";
  assert.ok(line.startsWith("{"), stdout + stderr);
  const document: DrillDocument = JSON.parse(line);
  return document;
}

test("all drills: what is left out with its reason, evidence, report, schedule", async (t) => {
  const text = changed(aSystem({ more: ONLY_PLAYED }), SCHEDULED);
  await using rehearsal = await rehearse({ "system.ts": text });
  const { run, folder } = rehearsal;
  assert.equal((await run(["up"])).code, 0);

  await t.test("nothing was played: all is due, and there is nothing to report", async () => {
    const status = await run(["status"]);
    assert.match(status.stdout, /drills every 7d, due now: .*kill-instance \(no verdict yet\)/);
    const report = await run(["drill", "--report", "kept.html"]);
    assert.equal(report.code, 8, report.stderr);
  });

  await t.test("each is played or listed", async () => {
    const all = await run(["drill", "--all", "--json", "--quiet", "--report", "all.html"]);
    assert.ok([0, 7, 8].includes(all.code), all.stderr);
    const { evidence, skipped } = documentOf(all);
    assert.deepEqual(new Set(evidence.map(({ drill }) => drill)), new Set(PLAYED));
    assert.equal(skipped.length, LEFT_OUT.length);
    assert.deepEqual(
      evidence.filter(({ leftBroken }) => leftBroken !== undefined),
      [],
    );
    const roll = skipped.find(({ drill }) => drill === "roll-under-load");
    assert.equal(roll?.because, "web excludes roll-under-load: not roll-under-load today");
    for (const { raw, predicted } of evidence) {
      const file = join(await recordOf(rehearsal.state), raw, "prediction.json");
      const written: { prediction: { interval: unknown } } = JSON.parse(
        await readFile(file, "utf8"),
      );
      assert.deepEqual(written.prediction.interval, predicted, "as it was written before the run");
    }
  });

  await t.test("the report is one file, and can be made again from what was kept", async () => {
    const page = await readFile(join(folder, "all.html"), "utf8");
    assert.match(page, /<h1>Drills of shop on local<\/h1>/);
    assert.match(page, /kill-instance of web[\s\S]*class="line p99"/);
    assert.match(page, /not roll-under-load today/);
    await rm(join(await recordOf(rehearsal.state), "raw"), { recursive: true });
    const kept = await run(["drill", "--report", "kept.html"]);
    assert.equal(kept.code, 0, kept.stderr);
    const again = await readFile(join(folder, "kept.html"), "utf8");
    assert.match(again, /Run 1 and later cannot be drawn: ENOENT/);
    assert.match(again, /kill-instance of web/);
  });

  await t.test("what is due is run, and what is not is said", async () => {
    const { drills }: { drills: { drill: string; due: boolean }[] } = JSON.parse(
      (await run(["status", "--json"])).stdout,
    );
    const names = drills.filter(({ due }) => due).map(({ drill }) => drill);
    const due = await run(["drill", "--due", "--json", "--quiet"]);
    const { evidence, skipped } = documentOf(due);
    assert.deepEqual(new Set(evidence.map(({ drill }) => drill)), new Set(names));
    assert.equal(
      skipped.filter(({ because }) => /not due before 2/.test(because)).length,
      drills.length - names.length,
    );
  });
});

test("what makes no sense is refused before anything is touched", async () => {
  const text = changed(aSystem({ more: ONLY_PLAYED }), SCHEDULED);
  await using rehearsal = await rehearse({ "system.ts": text });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const cases = [
    [["drill", "kill-instance", "--all"], 2],
    [["drill", "kill-instance", "--tier", "T4"], 2],
    [["drill", "kill-instance", "--tier", "T0"], 9],
    [["drill", "roll-under-load"], 9],
    [["drill", "kill-instance", "--report", "no/such/folder.html"], 2],
    [["drill", "kill-instance", "--tier", "T3"], 2],
  ] as const;
  for (const [words, code] of cases) {
    const ended = await rehearsal.run(words);
    assert.equal(ended.code, code, `${words.join(" ")}: ${ended.stderr}`);
  }
});

async function recordOf(state: string): Promise<string> {
  const home = join(state, "seaworthy");
  const [system] = (await readdir(home)).filter((name) => name.startsWith("shop-"));
  return join(home, system ?? "", "record");
}

test("without a schedule nothing is ever due", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  const due = await rehearsal.run(["drill", "--due"]);
  assert.equal(due.code, 2);
  assert.match(due.stderr, /no schedule is declared/);
  assert.doesNotMatch((await rehearsal.run(["status"])).stdout, /drills every/);
});

/** A service that never starts again once a file is there. */
const SICKLY = `
import { existsSync } from "node:fs";
import { createServer } from "node:http";
if (existsSync(process.env["SICK"] ?? "")) process.exit(1);
createServer((_, response) => response.end("ok")).listen(process.env["PORT"], process.env["HOST"]);
`;

test("what is not whole again ends all drills: exit 5, and the rest is not run", async () => {
  await using rehearsal = await rehearse({ "apps/sickly/main.ts": SICKLY });
  const sick = join(rehearsal.folder, "sick");
  const service = { build: "./apps/sickly", env: `{ SICK: "${sick}" }` };
  const more = `${ONLY_PLAYED} restart: { backoffFirst: "200ms", backoffMax: "1s" },`;
  await rehearsal.write("system.ts", changed(aSystem({ ...service, more }), SCHEDULED));
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  await writeFile(sick, "");
  const all = await rehearsal.run(["drill", "--all", "--json", "--quiet"]);
  assert.equal(all.code, 5, all.stdout + all.stderr);
  const { evidence, skipped } = documentOf(all);
  assert.deepEqual(new Set(evidence.map(({ drill }) => drill)), new Set(["kill-instance"]));
  assert.match(evidence[0]?.leftBroken?.join() ?? "", /not whole again: web: 1 of 2 ready/);
  const freeze = skipped.find(({ drill }) => drill === "freeze-instance");
  assert.match(freeze?.because ?? "", /^kill-instance left something broken: not whole again/);
  await rm(sick);
  await until("it is whole again", async () =>
    /2 of 2 ready/.test((await rehearsal.run(["status"])).stdout),
  );
});

test("one drill at a time on a machine, whatever the system", async () => {
  const other = aSystem().replace(`name: "shop"`, `name: "other"`);
  await using rehearsal = await rehearse({ "system.ts": aSystem(), "system.other.ts": other });
  assert.equal((await rehearsal.run(["up", "-s", "system.ts"])).code, 0);
  const first = rehearsal.start(["drill", "kill-instance", "-s", "system.ts"]);
  await until("the first drill began", () => /baseline/.test(first.printed()));
  const second = await rehearsal.run(["drill", "kill-instance", "-s", "system.other.ts"]);
  assert.equal(second.code, 6, second.stderr);
  assert.match(second.stderr, /a drill of another system is running on this machine/);
  const ended = await first.ended;
  assert.ok([0, 7, 8].includes(ended.code), ended.stderr);
});
