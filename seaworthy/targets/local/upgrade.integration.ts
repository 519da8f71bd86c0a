import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { aGraph, aService } from "../declared.ts";
import { Hand, Rehearsal, seeUnit, take, until } from "./fixtures/rehearsal.ts";
import { writeDurably } from "./durable-file.ts";
import { writeIdentity } from "./identity-file.ts";
import { identityFileOf, stateFile, supervisorSocket } from "./supervisor/paths.ts";

const KEPT = new URL("fixtures/kept/0.1.0/state.json", import.meta.url);
const OLDER = fileURLToPath(new URL("fixtures/older-supervisor.ts", import.meta.url));

describe("a system that version 0.1.0 runs", () => {
  it("is adopted: the same processes, a gateway of today, and it rolls", async () => {
    await using place = await Rehearsal.begin();
    const service = aService({ replicas: 2 });
    const first = await place.open();
    const hand = new Hand(first, await take(first));
    await hand.up(aGraph([service]));
    await hand.lease[Symbol.asyncDispose]();
    const before = await pidsIn(place, "api");
    const [gateway] = await pidsIn(place, "edge");
    await place.kill9("_supervise", "_watch");
    await forgetWhatIsNew(place);

    const target = await place.open();
    await using lease = await take(target);
    assert.deepEqual(await pidsIn(place, "api"), before, "instances live through it");
    const unit = await seeUnit(target, "api");
    assert.deepEqual(
      unit.instances.map(({ routed, weight, isolated }) => [routed, weight, isolated]),
      [
        [true, 1, undefined],
        [true, 1, undefined],
      ],
    );
    await until("requests to be answered", async () =>
      (await fetch(`${unit.url ?? ""}/`).catch(() => undefined))?.status === 200 ? true : undefined,
    );
    assert.notEqual((await pidsIn(place, "edge"))[0], gateway, "the gateway is one of today");
    const next = new Hand(target, lease);
    const changed = aService({ replicas: 2, env: { COLOUR: { kind: "text", text: "blue" } } });
    const release = await next.release(changed);
    const instance = await next.bring(changed, release, unit.nextInstance);
    await next.must({ action: "switch", unit: "api", instances: [instance] });
    assert.equal((await fetch(`${unit.url ?? ""}/`)).status, 200);
  });
});

describe("a supervisor of an older version", () => {
  it("makes way for a newer client, watchdog and all", async () => {
    await using place = await Rehearsal.begin();
    await using older = await anOlderOne(place, "free");
    const target = await place.open();
    await using lease = await take(target);
    assert.ok(lease.epoch >= 1);
    await older.ended;
    assert.equal(older.child.signalCode, "SIGKILL");
    const hand = new Hand(target, lease);
    await hand.define(aGraph([aService()]));
    assert.equal((await seeUnit(target, "api")).desired, 1);
  });

  it("is left alone while somebody holds its lease: the newcomer is told who", async () => {
    await using place = await Rehearsal.begin();
    await using older = await anOlderOne(place, "held");
    const target = await place.open();
    const owner = { verb: "up", pid: 2, host: "here", user: "me" };
    const outcome = await target.lease(owner, AbortSignal.timeout(10_000));
    assert.equal(outcome.held, false);
    assert.equal(outcome.held ? "" : outcome.by.verb, "deploy");
    assert.equal(older.child.exitCode ?? older.child.signalCode, null, "it runs on");
  });
});

async function pidsIn(place: Rehearsal, unit: string): Promise<readonly number[]> {
  return place
    .processes()
    .filter(({ mark, process }) => {
      const isLeader = process.group === process.identity.pid;
      return isLeader && (mark.instance === unit || mark.instance.startsWith(`${unit}-`));
    })
    .map(({ process }) => process.identity.pid)
    .toSorted((a, b) => a - b);
}

/** The state as 0.1.0 would have written it: only fields that its kept state has, too. */
async function forgetWhatIsNew(place: Rehearsal): Promise<void> {
  const path = stateFile(place.folder);
  const kept: unknown = JSON.parse(await readFile(KEPT, "utf8"));
  const now: unknown = JSON.parse(await readFile(path, "utf8"));
  const pruned = asOldAs(kept, now);
  assert.doesNotMatch(JSON.stringify(pruned), /"weight"|"trustedProxies"|"schedules"/);
  await writeDurably(path, JSON.stringify(pruned));
}

/** Keys of a record by name (units, instances, ports) are ours; of anything else, those kept. */
const BY_NAME: ReadonlySet<string> = new Set([
  ...["units", "instances", "nextInstance", "releases", "scaleOverrides", "jobs", "inner"],
  ...["env", "files", "volumes"],
]);

function asOldAs(kept: unknown, now: unknown, name = ""): unknown {
  if (Array.isArray(kept) && Array.isArray(now)) {
    const samples: readonly unknown[] = kept;
    return now.map((each: unknown) => asOldAs(sampleOf(samples, each), each));
  }
  if (!isRecord(kept) || !isRecord(now)) return now;
  const isByName = BY_NAME.has(name);
  const samples = Object.values(kept);
  return Object.fromEntries(
    Object.entries(now)
      .filter(([key]) => isByName || Object.hasOwn(kept, key))
      .map(([key, value]) => [
        key,
        asOldAs(isByName ? sampleOf(samples, value) : kept[key], value, isByName ? "" : key),
      ]),
  );
}

/** Of several kept shapes (a job, a service, an edge) the one of the same kind. */
function sampleOf(samples: readonly unknown[], value: unknown): unknown {
  const kind = isRecord(value) ? value["kind"] : undefined;
  return samples.find((sample) => isRecord(sample) && sample["kind"] === kind) ?? samples[0];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface OlderOne extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

async function anOlderOne(place: Rehearsal, lease: "held" | "free"): Promise<OlderOne> {
  const socket = supervisorSocket(place.folder);
  const child = spawn(process.execPath, [OLDER, socket, lease], { stdio: "ignore" });
  const ended = once(child, "exit");
  await until("the older supervisor", async () =>
    (await stat(socket).catch(() => undefined)) === undefined ? undefined : true,
  );
  assert.ok(child.pid !== undefined);
  await writeIdentity(identityFileOf(place.folder, "supervisor"), child.pid);
  return {
    child,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
