import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { aSystem } from "./declarations.ts";
import { outcomeOf, rehearse, type Ended, type Rehearsal } from "./rehearsal.ts";
import { until } from "./until.ts";

/** What an operator does to single instances and jobs between two rolls. */
test("an instance is isolated, looked at, and brought back", async (t) => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  const { run } = rehearsal;
  assert.equal((await run(["up"])).code, 0);
  const [first, second] = await instancesOf(rehearsal);
  assert.ok(first !== undefined && second !== undefined);

  await t.test("it takes no request, runs on, and status says why", async () => {
    const isolated = await run(["isolate", first.id, "--because", "it leaks"]);
    assert.equal(isolated.code, 0, isolated.stderr);
    assert.match(isolated.stderr, /ask it at http:\/\/127\.0\.0\.1:\d+; back: seaworthy rejoin/);
    assert.match((await run(["status"])).stdout, /isolated: it leaks/);
    const seen = await answeredBy(rehearsal, 20);
    assert.deepEqual([...seen], [second.id]);
    const now = (await instancesOf(rehearsal)).find(({ id }) => id === first.id);
    assert.equal(now?.pid, first.pid, "it runs on");
    assert.match((await run(["isolate", first.id])).stderr, /nothing to do/);
  });

  await t.test("the last one that answers is refused, by its name", async () => {
    const refused = await run(["isolate", second.id]);
    assert.equal(refused.code, 9, refused.stderr);
    assert.match(refused.stderr, /--allow-outage/);
    assert.equal((await run(["isolate", "web-99"])).code, 2);
    assert.equal((await run(["isolate"])).code, 2);
  });

  await t.test("a program runs beside it, with its environment and exit code", async () => {
    const printed = await run(["exec", first.id, "node", "-p", "process.env.SEAWORTHY_INSTANCE"]);
    assert.equal(printed.code, 0, printed.stderr);
    assert.equal(printed.stdout.trim(), first.id);
    const failed = await run(["exec", "web", "node", "-e", "process.exit(7)", "--", "--json"]);
    assert.equal(failed.code, 7, failed.stderr);
    const killed = await run(["exec", "web", "node", "-e", "process.kill(process.pid, 'SIGTERM')"]);
    assert.equal(killed.code, 143, killed.stderr);
    const absent = await run(["exec", "web", "no-such-program"]);
    assert.equal(absent.code, 1, absent.stderr);
    assert.match(absent.stderr, /there is no program no-such-program/);
    const late = ["--timeout", "500ms", "web", "node", "-e", "setInterval(() => {}, 1000)"];
    const ended = await run(["exec", ...late]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /had not ended after 0.5 s/);
  });

  await comesBack(t, rehearsal, [first.id, second.id]);
});

/** The same instances, after one was isolated. */
async function comesBack(
  t: TestContext,
  rehearsal: Rehearsal,
  [first, second]: readonly [string, string],
): Promise<void> {
  const { run } = rehearsal;
  await t.test("it rejoins when it is ready, and history tells both", async () => {
    const back = await run(["rejoin", first, "--json"]);
    assert.equal(back.code, 0, back.stderr);
    assert.equal(outcomeOf(back)["outcome"], "done");
    assert.deepEqual([...(await answeredBy(rehearsal, 40))].toSorted(), [first, second]);
    assert.match((await run(["rejoin", first])).stderr, /nothing to do/);
    const history = await run(["history"]);
    assert.match(history.stdout, /up-[0-9a-f]+ +done[\s\S]*isolate-[0-9a-f]+ +done/);
    const last: { operations: { verb: string; outcome: string }[] } = JSON.parse(
      (await run(["history", "--json", "-n", "1"])).stdout,
    );
    assert.deepEqual(
      last.operations.map(({ verb, outcome }) => [verb, outcome]),
      [["rejoin", "done"]],
    );
  });

  await t.test("logs are searched, in any case, over all that is kept", async () => {
    const found = await run(["logs", "web", "--search", "LISTENING AS WEB-1"]);
    assert.match(found.stdout, /web-1 .*listening as web-1 v1/);
    assert.doesNotMatch(found.stdout, /web-2/);
    const none = await run(["logs", "--search", "no such words"]);
    assert.equal(none.stdout, "");
    assert.match(none.stderr, /no line with no such words/);
    assert.equal((await run(["logs", "--search", ""])).code, 2);
  });
}

test("a restart replaces every instance by one of the same release, and fails nobody", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  const { run } = rehearsal;
  const early = await run(["restart"]);
  assert.equal(early.code, 9, early.stderr);
  assert.equal((await run(["up"])).code, 0);
  const before = await instancesOf(rehearsal);
  // What the folder holds by now is no matter of a restart.
  await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2" }` }));
  const dry = await run(["restart", "--dry-run"]);
  assert.match(dry.stdout, /restart web .*every instance becomes another one/);
  const restarted = await run(["restart", "web", "--json"]);
  assert.equal(restarted.code, 0, restarted.stderr + restarted.stdout);
  assert.match(JSON.stringify(outcomeOf(restarted)), /"failed":\{"safe":0,"idempotent":0,/);
  const after = await instancesOf(rehearsal);
  assert.deepEqual(
    [...new Set(after.map(({ release }) => release))],
    [...new Set(before.map(({ release }) => release))],
  );
  assert.ok(
    after.every(({ id }) => !before.some((one) => one.id === id)),
    "all are new",
  );
  assert.equal((await run(["restart", "nobody"])).code, 2);
});

const JOBS = `jobs: {
    tidy: job({
      run: { build: "./apps/migrate", command: ["node", "main.ts"] },
      when: "on-demand", env: { COUNT: "/dev/null" },
    }),
    beat: job({
      run: { build: "./apps/migrate", command: ["node", "main.ts"] },
      when: "* * * * *", deadline: "30s", env: { COUNT: "/dev/null" },
    }),
    break: job({ run: { build: "./apps/exits", command: ["node", "main.ts"] }, when: "on-demand" }),
  },`;

test("jobs run by hand and by schedule, from what was last put here", async (t) => {
  const text = aSystem({ replicas: 1 }, JOBS).replace("edge, service", "edge, job, service");
  await using rehearsal = await rehearse({ "system.ts": text });
  const { run } = rehearsal;

  await t.test("before up, there is nothing to run", async () => {
    assert.match((await run(["job"])).stdout, /tidy +on-demand +not put here yet/);
    const early = await run(["job", "run", "tidy"]);
    assert.equal(early.code, 9, early.stderr);
    assert.match(early.stderr, /seaworthy up/);
    assert.match((await run(["job", "run", "tidi"])).stderr, /did you mean tidy/);
  });

  await t.test("up puts them and runs none; plan is quiet after it", async () => {
    const up = await run(["up", "--json"]);
    assert.equal(up.code, 0, up.stderr + up.stdout);
    assert.match((await run(["status"])).stdout, /tidy +never ran/);
    assert.equal((await run(["plan", "--exit-code"])).code, 0);
  });

  await t.test("each run by hand runs, prints what it wrote, and is told", async () => {
    for (const nth of [1, 2]) {
      const ran = await run(["job", "run", "tidy"]);
      assert.equal(ran.code, 0, ran.stderr);
      assert.notEqual(ran.stdout, "", `run ${nth} wrote nothing`);
    }
    const failed = await run(["job", "run", "break"]);
    assert.equal(failed.code, 1, failed.stderr);
    assert.match(failed.stderr, /cannot find my configuration/);
    const jobs = (await run(["job"])).stdout;
    assert.match(jobs, /break-1 .*failed/);
    assert.equal(jobs.match(/ tidy-\d+ .*done/g)?.length, 2, jobs);
  });

  await t.test("the schedule runs it at its minute, once", async () => {
    await until(
      "the job by schedule",
      async () => (await runsOf(rehearsal, "beat")).length > 0,
      90,
    );
    const [first] = await runsOf(rehearsal, "beat");
    assert.match(first?.run ?? "", /:00\.000Z$/, "it bears its due time");
    assert.equal((await run(["plan", "--exit-code"])).code, 0, "a run is no change");
  });
});

interface SeenInstance {
  readonly id: string;
  readonly pid: number;
  readonly release: string;
}

async function instancesOf(rehearsal: Rehearsal): Promise<readonly SeenInstance[]> {
  const status: { units: { name: string; instances: SeenInstance[] }[] } = JSON.parse(
    (await rehearsal.run(["status", "--json"])).stdout,
  );
  return status.units.find(({ name }) => name === "web")?.instances ?? [];
}

/** Which instances answer at the service's own address: the edge says which on its inner side. */
async function answeredBy(rehearsal: Rehearsal, requests: number): Promise<ReadonlySet<string>> {
  const status: { units: { name: string; url: string | null }[] } = JSON.parse(
    (await rehearsal.run(["status", "--json"])).stdout,
  );
  const url = status.units.find(({ name }) => name === "web")?.url;
  assert.ok(url !== null && url !== undefined);
  const seen = new Set<string>();
  for (let sent = 0; sent < requests; sent += 1) {
    const answer = await fetch(url);
    await answer.text();
    seen.add(answer.headers.get("seaworthy-instance") ?? "nobody");
  }
  return seen;
}

interface SeenRun {
  readonly run: string | null;
  readonly outcome: string;
}

async function runsOf(rehearsal: Rehearsal, job: string): Promise<readonly SeenRun[]> {
  const listed: Ended = await rehearsal.run(["job", "list", "--json"]);
  const { jobs }: { jobs: { name: string; runs: SeenRun[] }[] } = JSON.parse(listed.stdout);
  return jobs.find(({ name }) => name === job)?.runs ?? [];
}
