import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { type Ended, outcomeOf, rehearse, type Rehearsal, type Running } from "./rehearsal.ts";
import { isExactly, webOf } from "./seen.ts";
import { until } from "./until.ts";

/** What is printed, to whom, and what the exit code says of it. */
type Json = Readonly<Record<string, unknown>>;

/** cli.md, "Shapes of --json": each field is there, null where there is no value. */
const SHAPES = {
  check: ["schemaVersion", "findings", "summary"],
  plan: ["schemaVersion", "system", "target", "basis", "steps", "expect", "losesEvidence"],
  step: ["id", "action", "unit", "from", "to", "deadlineMs", "reason"],
  expect: ["failedRequests", "extraInstances", "seconds"],
  status: ["schemaVersion", "system", "target", "serving", "inProgress", "units", "objectives"],
  unit: ["name", "release", "desired", "ready", "instances"],
  instance: ["id", "state", "address", "since"],
  objective: ["objective", "declared", "state", "because", "figure", "runs", "at", "drill"],
  drill: ["schemaVersion", "seed", "system", "target", "declaration", "evidence"],
  evidence: [
    ...["drill", "objective", "predicted", "measured", "runs", "failed", "verdict"],
    ...["injected", "undone", "raw"],
  ],
  deploy: ["schemaVersion", "outcome", "because", "units", "seconds", "probe", "serving"],
  rolled: ["unit", "from", "to"],
  event: ["at", "kind", "ids"],
  finding: ["rule", "severity", "message", "places", "why", "fix", "fingerprint"],
} as const;

function has(shape: keyof typeof SHAPES, value: unknown): Json {
  assert.ok(typeof value === "object" && value !== null, `${shape}: ${String(value)}`);
  const record: Json = Object.fromEntries(Object.entries(value));
  for (const field of SHAPES[shape]) {
    assert.ok(field in record, `${shape} has no ${field}: ${JSON.stringify(value).slice(0, 400)}`);
  }
  return record;
}

function first(value: unknown): unknown {
  assert.ok(Array.isArray(value) && value.length > 0, `empty: ${JSON.stringify(value)}`);
  return value[0];
}

function documentOf(ended: Ended): unknown {
  return JSON.parse(ended.stdout);
}

test("--json has every field that is documented", async () => {
  const text = aSystem({}, `environments: { a: {} },`).replace(`drain: "2s"`, `drain: "4s"`);
  await using rehearsal = await rehearse({ "system.ts": text });
  const json = (...args: readonly string[]) => rehearsal.run([...args, "-e", "a", "--json"]);
  const check = has("check", documentOf(await json("check")));
  has("finding", first(check["findings"]));
  const plan = has("plan", documentOf(await json("plan")));
  has("expect", plan["expect"]);
  has("step", first(plan["steps"]));
  const up = has("deploy", outcomeOf(await json("up", "--accept", "drain-longer-than-stop")));
  has("rolled", first(up["units"]));
  const status = has("status", documentOf(await json("status")));
  has("instance", first(has("unit", first(status["units"]))["instances"]));
  has("objective", first(status["objectives"]));
  const drill = await json("drill", "kill-instance");
  for (const line of drill.stdout.trimEnd().split("\n").slice(0, -1)) {
    has("event", JSON.parse(line));
  }
  has("evidence", first(has("drill", outcomeOf(drill))["evidence"]));
  const events = await json("events");
  for (const line of events.stdout.trimEnd().split("\n")) has("event", JSON.parse(line));
  assert.equal((await json("events", "-n", "0")).stdout, "");
});

test("a refusal in --json says which word its exit code means", async () => {
  // Slow enough that the first still works when the second has started.
  const text = aSystem({ env: `{ BOOT_MS: "3000" }` });
  await using rehearsal = await rehearse({ "system.ts": text });
  const refused = await rehearsal.run(["rollback", "--json"]);
  assert.deepEqual([refused.code, outcomeOf(refused)["outcome"]], [9, "refused"]);
  const first = rehearsal.start(["up"]);
  await until("the first holds the lease", () => /start ✓/.test(first.printed()));
  const second = await rehearsal.run(["up", "--json"]);
  assert.deepEqual([second.code, outcomeOf(second)["outcome"]], [6, "locked"]);
  assert.equal((await first.ended).code, 0);
});

test("a slip of the hand changes nothing: words that name no system are refused", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const slips = [
    ["down", "staging", "--yes"],
    ["up", "web"],
    ["check", "/dev/null"],
    ["scale", "web=1", "web=2"],
    ["up", "--accept", "no-such-rule"],
    ["drill", "kill-instance", "--runs", "999999999999"],
  ];
  for (const slip of slips) {
    const ended = await rehearsal.run(slip);
    assert.equal(ended.code, 2, `${slip.join(" ")}: ${ended.stderr}`);
  }
  await isExactly(rehearsal, 2);
});

test("a reader that goes away stops no roll, and is told nothing false", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  for (const stream of ["stdout", "stderr"] as const) {
    await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "without ${stream}" }` }));
    const args = stream === "stdout" ? ["up", "--json"] : ["up"];
    const up = rehearsal.start(args);
    up.child[stream]?.destroy();
    assert.equal((await up.ended).code, 0, stream);
    await isExactly(rehearsal, 2);
  }
});

test("Ctrl-C twice, however early, is exit 130", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2", BOOT_MS: "3000" }` }));
  for (const afterMs of [0, 200, 500]) {
    const up = rehearsal.start(["up"]);
    await until("it began", () => /· up/.test(up.printed()));
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    for (const _ of [1, 2]) {
      up.child.kill("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal((await up.ended).code, 130, up.printed());
  }
  assert.equal((await rehearsal.run(["up"])).code, 0);
  await isExactly(rehearsal, 2);
});

test("logs --follow ends at the first Ctrl-C, also when nothing is written", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  const logs = rehearsal.start(["logs", "web", "-f"]);
  await until("it prints", () => /listening/.test(logs.printed()));
  logs.child.kill("SIGINT");
  await until("it ended", () => logs.child.exitCode !== null);
  assert.equal((await logs.ended).code, 0);
});

test("status tells of an operation that died, until the next one saw to it", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  assert.equal(await inProgress(rehearsal), null);
  await rehearsal.write("system.ts", aSystem({ env: `{ VERSION: "v2", BOOT_MS: "2000" }` }));
  const deploy = rehearsal.start(["deploy"]);
  await until("an instance starts", () => /start ✓/.test(deploy.printed()));
  await killed(deploy);
  assert.match(JSON.stringify(await inProgress(rehearsal)), /"verb":"deploy"/);
  assert.match((await rehearsal.run(["status"])).stdout, /begun and not ended: deploy/);
  assert.equal((await rehearsal.run(["up"])).code, 0);
  assert.equal(await inProgress(rehearsal), null);
  assert.equal((await webOf(rehearsal)).length, 2);
});

test("up with nothing to do is done only when what runs is ready", async () => {
  const more = `health: { path: "/health", every: "60s" },`;
  await using rehearsal = await rehearse({ "system.ts": aSystem({ more }) });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  for (const { pid } of await webOf(rehearsal)) process.kill(pid, "SIGKILL");
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, up.stderr);
  await isExactly(rehearsal, 2);
  for (const { pid } of await webOf(rehearsal)) process.kill(pid, "SIGSTOP");
  await until("the edge saw it", async () => {
    return (await webOf(rehearsal)).every(({ state }) => state === "frozen");
  });
  const frozen = await rehearsal.run(["up"]);
  for (const { pid } of await webOf(rehearsal)) process.kill(pid, "SIGCONT");
  assert.equal(frozen.code, 1, frozen.stderr);
  assert.match(frozen.stderr, /web: 0 of 2 ready/);
});

test("nothing is coloured or redrawn where nobody watches", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem() });
  for (const env of [{ NO_COLOR: "1" }, { CI: "1" }, { FORCE_COLOR: "1", TERM: "dumb" }]) {
    const status = await rehearsal.run(["check"], { env });
    assert.ok(!(status.stdout + status.stderr).includes("\u001b"));
  }
  const quiet = await rehearsal.run(["up", "--quiet"]);
  assert.doesNotMatch(quiet.stderr, /start ✓|ready ✓/);
  assert.match(quiet.stderr, /serves all traffic/);
});

async function inProgress(rehearsal: Rehearsal): Promise<unknown> {
  return has("status", documentOf(await rehearsal.run(["status", "--json"])))["inProgress"];
}

async function killed(running: Running): Promise<void> {
  running.child.kill("SIGKILL");
  await running.ended;
}

test("a failure says what mends it, what serves now and what to do next", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const listen = `edge({ listen: ["127.0.0.1:${address.port}"],`;
  try {
    const text = aSystem().replace("edge({", listen);
    await using rehearsal = await rehearse({ "system.ts": text });
    const up = await rehearsal.run(["up"]);
    assert.equal(up.code, 1, up.stderr);
    assert.match(up.stderr, /taken by another program/);
    assert.match(up.stderr, /fix +stop what listens there/);
    assert.match(up.stderr, /\nnothing runs\nnext: /);
    assert.deepEqual(await rehearsal.survivors(), []);
  } finally {
    server.close();
  }
});

test("after a first release that was taken back, the edge that is left is told of", async () => {
  await using rehearsal = await rehearse({ "system.ts": aSystem({ build: "./apps/exits" }) });
  assert.equal((await rehearsal.run(["up"])).code, 4);
  assert.match((await rehearsal.run(["status"])).stdout, /no instance runs, only the edge/);
  assert.equal((await rehearsal.run(["down", "--yes"])).code, 0);
  assert.match((await rehearsal.run(["status"])).stdout, /nothing runs/);
  assert.deepEqual(await rehearsal.survivors(), []);
});
