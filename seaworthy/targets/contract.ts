import assert from "node:assert/strict";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { Command } from "@seaworthy/std/command";
import type { Step } from "../record/step.ts";
import { Actor, holds, isCode, isFenced, OWNER, soon, unitOf } from "./contract-actor.ts";
import { keepsItsFaults, preparesFaults, refusesOtherFaults } from "./contract-faults.ts";
import { aGraph, aJob, aService } from "./declared.ts";
import type { LeaseOwner, Target } from "./target.ts";

/** What a target's own test gives the suite for each promise: a place of its own, cleaned up. */
export interface ContractPlace extends AsyncDisposable {
  /** Another client of the same system, as another run of the tool would be. */
  open(): Promise<Target>;
}

export interface ContractMake {
  readonly name: string;
  readonly make: () => Promise<ContractPlace>;
  /** False: nothing really runs there, so promises about processes are left out, and said so. */
  readonly runsProcesses: boolean;
}

const OTHER: LeaseOwner = { verb: "deploy", pid: 2, host: "there", user: "other" };

/** The one suite that holds every target to `target.ts`. */
export function targetContract({ name, make, runsProcesses }: ContractMake): void {
  describe(`target ${name}`, () => {
    const promise = (what: string, keep: (place: ContractPlace) => Promise<void>): void => {
      it(what, async () => {
        await using place = await make();
        await keep(place);
      });
    };
    const promiseOfProcesses = (
      what: string,
      keep: (place: ContractPlace) => Promise<void>,
    ): void => {
      it(what, async (test: TestContext) => {
        if (!runsProcesses) return test.skip("nothing runs on this target");
        await using place = await make();
        await keep(place);
      });
    };
    promise("sees nothing where nothing was ever put", seesNothing);
    promise("gives one lease at a time and says who holds it", oneLease);
    promise("refuses an epoch that is no longer the lease's", fencesOldEpochs);
    promise("describes the same release twice, and another one after a change", describesReleases);
    promise("starts, makes ready, routes, stops; each twice is once", livesThroughSteps);
    promise("never uses an instance's number again", neverReusesNumbers);
    promise("remembers what is committed, and what was before", remembersCommits);
    promise("keeps a scale override apart from the definition", keepsOverrides);
    promise("changes its basis with the world, and not otherwise", basisFollowsTheWorld);
    promise("says so when a step names what is not there", refusesTheUnknown);
    promise("spreads requests by the shares of a switch, and evenly without", sharesRequests);
    promise("takes an isolated instance out until it rejoins", isolates);
    promise("forgets what is removed", forgetsTheRemoved);
    promise("keeps records in the order they were written", keepsRecords);
    promise("prepares faults that can be undone", preparesFaults);
    promise("breaks what it says it can, is seen to, and is seen undone", keepsItsFaults);
    promise("refuses to prepare a fault that it does not name", refusesOtherFaults);
    promiseOfProcesses("answers at the inner address from the instance that was named", answers);
    promiseOfProcesses("runs a job once per release", runsJobsOnce);
    promiseOfProcesses("brings back an instance that was killed", bringsBack);
    promiseOfProcesses("shows an instance's log", showsLogs);
    promiseOfProcesses("runs a program beside an instance, and says how it ended", executes);
  });
}

async function seesNothing(place: ContractPlace): Promise<void> {
  const target = await place.open();
  const first = await target.observe(soon());
  assert.equal(first.exists, false);
  assert.deepEqual(first.units, []);
  assert.equal((await target.observe(soon())).basis, first.basis);
}

async function oneLease(place: ContractPlace): Promise<void> {
  const [mine, theirs] = [await place.open(), await place.open()];
  const first = await holds(mine, OWNER);
  const refused = await theirs.lease(OTHER, soon());
  assert.equal(refused.held, false);
  if (!refused.held) assert.deepEqual(refused.by, OWNER);
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  const second = await holds(theirs, OTHER);
  assert.ok(second.epoch > first.epoch);
  await second[Symbol.asyncDispose]();
}

async function fencesOldEpochs(place: ContractPlace): Promise<void> {
  const [mine, theirs] = [await place.open(), await place.open()];
  const step: Step = { action: "scale-override", unit: "api", replicas: 2 };
  const old = await holds(mine, OWNER);
  await mine.define(aGraph([aService()]), { signal: soon(), epoch: old.epoch });
  await assert.rejects(mine.apply(step, { signal: soon(), epoch: old.epoch - 1 }), isFenced);
  await old[Symbol.asyncDispose]();
  const now = await holds(theirs, OTHER);
  await assert.rejects(mine.apply(step, { signal: soon(), epoch: old.epoch }), isFenced);
  await assert.rejects(mine.apply(step, { signal: soon(), epoch: now.epoch }), isFenced);
  assert.equal((await unitOf(mine, "api")).scaleOverride, undefined);
  await now[Symbol.asyncDispose]();
}

async function describesReleases(place: ContractPlace): Promise<void> {
  const target = await place.open();
  const first = await target.describe(aService(), soon());
  assert.equal((await target.describe(aService(), soon())).id, first.id);
  assert.match(first.id, /^r[0-9a-f]{12}$/);
  const changed = aService({ env: { COLOUR: { kind: "text", text: "blue" } } });
  assert.notEqual((await target.describe(changed, soon())).id, first.id);
  await target.put(first, aService(), soon());
  await target.put(first, aService(), soon());
}

async function livesThroughSteps(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService()]));
  const release = await actor.put(aService());
  const start: Step = { action: "start", unit: "api", instance: "api-1", release };
  await actor.twice(start);
  assert.equal((await actor.unit("api")).instances.length, 1);
  assert.equal((await actor.unit("api")).instances[0]?.routed, false);
  await actor.twice({ action: "await-ready", instance: "api-1", deadlineMs: 30_000 });
  await actor.twice({ action: "switch", unit: "api", instances: ["api-1"] });
  const [instance] = (await actor.unit("api")).instances;
  assert.equal(instance?.state, "ready");
  assert.equal(instance.routed, true);
  assert.equal(instance.release, release);
  await actor.twice({ action: "switch", unit: "api", instances: [] });
  await actor.twice({ action: "drain", instance: "api-1", deadlineMs: 5_000 });
  await actor.twice({ action: "stop", instance: "api-1", graceMs: 5_000 });
  assert.deepEqual((await actor.unit("api")).instances, []);
}

async function neverReusesNumbers(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService()]));
  const release = await actor.put(aService());
  await actor.must({ action: "start", unit: "api", instance: "api-3", release });
  await actor.must({ action: "stop", instance: "api-3", graceMs: 5_000 });
  assert.equal((await actor.unit("api")).nextInstance, 4);
  await actor.fails({ action: "start", unit: "api", instance: "api-3", release });
  await actor.fails({ action: "start", unit: "api", instance: "api-1", release });
}

async function remembersCommits(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService()]));
  await actor.twice({ action: "commit", unit: "api", release: "r000000000001" });
  assert.equal((await actor.unit("api")).previous, undefined);
  await actor.twice({ action: "commit", unit: "api", release: "r000000000002" });
  const unit = await actor.unit("api");
  assert.equal(unit.committed, "r000000000002");
  assert.equal(unit.previous, "r000000000001");
}

async function keepsOverrides(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService({ replicas: 2 })]));
  await actor.twice({ action: "scale-override", unit: "api", replicas: 5 });
  assert.equal((await actor.unit("api")).scaleOverride, 5);
  assert.equal((await actor.unit("api")).desired, 2);
  await actor.twice({ action: "scale-override", unit: "api", replicas: undefined });
  assert.equal((await actor.unit("api")).scaleOverride, undefined);
}

async function basisFollowsTheWorld(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService()]));
  const basis = async () => (await actor.target.observe(soon())).basis;
  const before = await basis();
  await actor.define(aGraph([aService()]));
  assert.equal(await basis(), before);
  await actor.define(aGraph([aService({ replicas: 2 })]));
  const scaled = await basis();
  assert.notEqual(scaled, before);
  const release = await actor.put(aService());
  assert.equal(await basis(), scaled);
  await actor.must({ action: "start", unit: "api", instance: "api-1", release });
  const started = await basis();
  assert.notEqual(started, scaled);
  await actor.must({ action: "await-ready", instance: "api-1", deadlineMs: 30_000 });
  assert.equal(await basis(), started);
}

async function refusesTheUnknown(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService()]));
  const release = await actor.put(aService());
  await actor.fails({ action: "start", unit: "nobody", instance: "nobody-1", release });
  await actor.fails({ action: "await-ready", instance: "api-9", deadlineMs: 1_000 });
  await actor.fails({ action: "switch", unit: "api", instances: ["api-9"] });
  const missing: Step = {
    ...{ action: "start", unit: "api", instance: "api-1", release: "rffffffffffff" },
  };
  await assert.rejects(actor.apply(missing), isCode("no-such-release"));
  const fault = { kind: "kill", instance: "api-9" } as const;
  await assert.rejects(actor.target.prepare(fault, soon()), isCode("no-such-instance"));
}

async function forgetsTheRemoved(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aService(), aJob()]));
  const release = await actor.put(aService());
  await actor.must({ action: "start", unit: "api", instance: "api-1", release });
  await actor.fails({ action: "delete-volumes" });
  for (const unit of ["api", "migrate", "edge"]) await actor.twice({ action: "remove", unit });
  const { units, edge, exists } = await actor.target.observe(soon());
  assert.deepEqual(units, []);
  assert.equal(edge, undefined);
  assert.equal(exists, true);
  await actor.must({ action: "delete-volumes" });
}

async function keepsRecords(place: ContractPlace): Promise<void> {
  const target = await place.open();
  assert.deepEqual(await target.store.read("event"), []);
  const event = (operation: string) => ({
    ...{ at: "2026-11-20T10:00:00.000Z", operation, kind: "operation-ended" },
    ...{ outcome: "done", because: "", tookMs: 1 },
  });
  await Promise.all([
    target.store.append("event", event("o1")),
    target.store.append("event", event("o2")),
  ]);
  const read = await (await place.open()).store.read("event");
  assert.deepEqual(read, [event("o1"), event("o2")]);
}

async function answers(place: ContractPlace): Promise<void> {
  const service = aService({ replicas: 2 });
  await using actor = await Actor.begin(place, aGraph([service]));
  await actor.bring(service, 2);
  const { url } = await actor.unit("api");
  for (const id of ["api-1", "api-2"]) {
    const answer = await fetch(`${url}/`, { headers: { "seaworthy-instance": id } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("seaworthy-instance"), id);
    await answer.arrayBuffer();
  }
  const { instances } = await actor.target.measure("api", soon());
  assert.deepEqual(instances.map(({ instance }) => instance).toSorted(), ["api-1", "api-2"]);
  assert.ok(instances.every(({ requests }) => requests >= 1));
}

async function runsJobsOnce(place: ContractPlace): Promise<void> {
  await using actor = await Actor.begin(place, aGraph([aJob()]));
  const release = await actor.put(aJob());
  await actor.twice({ action: "run-job", job: "migrate", release, deadlineMs: 30_000 });
  const lines = [];
  const query = { unit: "migrate", instance: undefined, tail: undefined, follow: false };
  for await (const line of actor.target.logs(query, soon())) lines.push(line.text);
  assert.deepEqual(lines, ["job begins", "job ends"]);
  const named = { action: "run-job", job: "migrate", release, deadlineMs: 30_000 } as const;
  await actor.twice({ ...named, run: "by-hand-1" });
  const { runs = [] } = await actor.unit("migrate");
  assert.deepEqual(
    runs.map(({ run, outcome }) => [run, outcome]),
    [
      [undefined, "done"],
      ["by-hand-1", "done"],
    ],
  );
}

async function bringsBack(place: ContractPlace): Promise<void> {
  const service = aService();
  await using actor = await Actor.begin(place, aGraph([service]));
  await actor.bring(service, 1);
  const before = (await actor.unit("api")).instances[0];
  const fault = await actor.target.prepare({ kind: "kill", instance: "api-1" }, soon());
  await actor.must({ action: "inject", fault });
  await actor.must({ action: "await-ready", instance: "api-1", deadlineMs: 30_000 });
  const after = (await actor.unit("api")).instances[0];
  assert.notEqual(after?.pid, before?.pid);
  assert.equal(after?.restarts, 1);
  assert.equal(after?.routed, true);
  await actor.must({ action: "undo", fault });
}

async function showsLogs(place: ContractPlace): Promise<void> {
  const service = aService();
  await using actor = await Actor.begin(place, aGraph([service]));
  await actor.bring(service, 1);
  const lines = [];
  const query = { unit: "api", instance: undefined, tail: 1_000, follow: false };
  for await (const line of actor.target.logs(query, soon())) lines.push(line);
  assert.ok(lines.some(({ instance, text }) => instance === "api-1" && text.includes("starts on")));
}

async function sharesRequests(place: ContractPlace): Promise<void> {
  const service = aService({ replicas: 2 });
  await using actor = await Actor.begin(place, aGraph([service]));
  await actor.bring(service, 2);
  const changed = aService({ replicas: 2, env: { COLOUR: { kind: "text", text: "blue" } } });
  const [old, fresh] = [await actor.put(service), await actor.put(changed)];
  await actor.must({ action: "start", unit: "api", instance: "api-3", release: fresh });
  await actor.must({ action: "await-ready", instance: "api-3", deadlineMs: 30_000 });
  const instances = ["api-1", "api-2", "api-3"];
  await actor.twice({ action: "switch", unit: "api", instances, shares: { [fresh]: 0.1 } });
  const weights = async () =>
    (await actor.unit("api")).instances.map(({ id, weight }) => `${id} ${weight}`).toSorted();
  assert.deepEqual(await weights(), ["api-1 0.45", "api-2 0.45", "api-3 0.1"]);
  await actor.twice({ action: "switch", unit: "api", instances });
  assert.deepEqual(await weights(), ["api-1 1", "api-2 1", "api-3 1"]);
  assert.notEqual(old, fresh);
}

async function isolates(place: ContractPlace): Promise<void> {
  const service = aService({ replicas: 2 });
  await using actor = await Actor.begin(place, aGraph([service]));
  await actor.bring(service, 2);
  const one = async () => (await actor.unit("api")).instances.find(({ id }) => id === "api-1");
  await actor.twice({ action: "isolate", instance: "api-1", because: "it is slow" });
  assert.deepEqual([(await one())?.routed, (await one())?.isolated], [false, "it is slow"]);
  await actor.fails({ action: "switch", unit: "api", instances: ["api-1", "api-2"] });
  await actor.must({ action: "switch", unit: "api", instances: ["api-2"] });
  await actor.twice({ action: "rejoin", instance: "api-1" });
  assert.deepEqual([(await one())?.routed, (await one())?.isolated], [true, undefined]);
  await actor.fails({ action: "isolate", instance: "api-9", because: "" });
  await actor.fails({ action: "rejoin", instance: "api-9" });
}

async function executes(place: ContractPlace): Promise<void> {
  const service = aService({ env: { COLOUR: { kind: "text", text: "blue" } } });
  await using actor = await Actor.begin(place, aGraph([service]));
  await actor.bring(service, 1);
  const folder = await mkdtemp(join(tmpdir(), "seaworthy-exec-"));
  const [input, output] = [await open("/dev/null"), await open(join(folder, "out"), "w")];
  const run = async (...command: Command) =>
    await actor.target.exec(
      { instance: "api-1", command, streams: [input.fd, output.fd, output.fd] },
      soon(),
    );
  try {
    const words = "const { COLOUR, SEAWORTHY_INSTANCE, OWNER } = process.env;";
    const code = `${words} console.log(COLOUR, SEAWORTHY_INSTANCE, OWNER); process.exit(3)`;
    assert.deepEqual(await run("node", "-e", code), { code: 3, signal: undefined });
    assert.equal(await readFile(join(folder, "out"), "utf8"), "blue api-1 undefined\n");
    await assert.rejects(run("no-such-program"), isCode("failed"));
    const nobody = { instance: "api-9", streams: [0, 1, 2] } as const;
    const there = actor.target.exec({ ...nobody, command: ["node"] }, soon());
    await assert.rejects(there, isCode("no-such-instance"));
  } finally {
    await Promise.all([input.close(), output.close()]);
    await rm(folder, { recursive: true });
  }
}
