import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import type { ServiceUnit } from "../../plan/graph.ts";
import { aCheck, aGraph, anEdge } from "../declared.ts";
import type { EdgeProvider } from "../../system/system.ts";
import { EdgeStage, PROVIDERS, stageService } from "./fixtures/edge-stage.ts";
import { askAfresh, EventStream } from "./fixtures/raw-http.ts";
import { seeInstance, until } from "./fixtures/rehearsal.ts";
import { gatewayControl } from "./gateway-control.ts";
import { signalOne } from "./identity.ts";
import { edgeSocket, GATEWAY_INSTANCE, stateFile } from "./supervisor/paths.ts";
import { readState } from "./supervisor/state.ts";

const WRITE_EVERY_MS = 25;
const LOOK_MS = 10;
/** The edge gives them in turn, and other requests have their turns, too. */
const STREAMS_MAX = 20;

for (const provider of PROVIDERS) {
  describe(`an instance that its health check gives up, behind ${provider}`, () => {
    it("has answered all that it was sent before it is ended", async () => {
      await using stage = await begin(provider, {
        env: { MODE: { kind: "text", text: "abrupt" } },
      });
      const writes = write(`${stage.url}/slow`);
      await sicken(stage, "api-1");
      await untilAnother(stage, "api-1");
      const statuses = await writes.finish();
      const lost = statuses.filter((status) => status !== 200);
      assert.deepEqual(lost, [], `of ${statuses.length}`);
    });
  });
}

describe("an instance that its health check gives up", () => {
  it("stays in the routes where nobody else of its service serves", async () => {
    await using stage = await begin("gateway");
    // Each holds a stream, so that whoever is taken out is so for as long as it may drain.
    await openOnBoth(stage, 100);
    const seen = new Set<number>();
    let over = false;
    const looking = (async () => {
      while (!over) {
        seen.add((await endpoints(stage)).filter(({ routed }) => routed).length);
        await systemClock.sleep(LOOK_MS);
      }
    })();
    await Promise.all([sicken(stage, "api-1"), sicken(stage, "api-2")]);
    await Promise.all([untilAnother(stage, "api-1"), untilAnother(stage, "api-2")]);
    over = true;
    await looking;
    assert.deepEqual(
      [...seen].toSorted((a, b) => a - b),
      [1, 2],
    );
  });

  it("is taken out, drained, ended and routed again though the supervisor dies", async () => {
    await using stage = await begin("gateway", { drainMs: 30_000, stopMs: 30_000 });
    const stream = (await openOnBoth(stage, 150)).find(({ instance }) => instance === "api-1");
    const { pid } = await seeInstance(stage.hand.target, "api-1");
    await sicken(stage, "api-1");
    await until("its withdrawal", async () =>
      (await withdrawn(stage, "api-1")) === "out" ? true : undefined,
    );
    await stage.place.kill9("_supervise");
    assert.equal(await withdrawn(stage, "api-1"), "out");
    assert.equal((await seeInstance(stage.hand.target, "api-1")).pid, pid, "it has a stream");
    await untilAnother(stage, "api-1");
    assert.equal(stream?.end, "whole", "it was waited for, whoever supervised");
    const { restarts } = await seeInstance(stage.hand.target, "api-2");
    assert.equal(restarts, 0);
  });

  it("is routed again though the edge did not hear of it when it was back", async () => {
    const restart = { backoffFirstMs: 3_000, backoffMaxMs: 3_000 };
    await using stage = await begin("gateway", { restart });
    await sicken(stage, "api-1");
    await until("its end", async () => {
      const { phase, withdrawn } = (await recordOf(stage, "api-1")) ?? {};
      return phase === "backing-off" && withdrawn === "out" ? true : undefined;
    });
    const edge = stage.place.processes().filter(({ mark }) => mark.instance === GATEWAY_INSTANCE);
    assert.ok(edge.length > 0);
    try {
      for (const { process } of edge) signalOne(process.identity, "SIGSTOP");
      await until("why the edge does without it", async () => {
        const { because = "", withdrawn } = (await recordOf(stage, "api-1")) ?? {};
        const isSaid = because.startsWith("up, but the edge could not be told: ");
        return isSaid && withdrawn === "returning" ? true : undefined;
      });
    } finally {
      for (const { process } of edge) signalOne(process.identity, "SIGCONT");
    }
    await untilAnother(stage, "api-1");
    assert.equal((await recordOf(stage, "api-1"))?.because, undefined);
  });
});

async function begin(
  provider: EdgeProvider,
  change: Partial<ServiceUnit> = {},
): Promise<EdgeStage> {
  const health = aCheck({ path: "/health", everyMs: 200, fall: 2 });
  const graph = aGraph([stageService({ health, ...change })], { edge: anEdge({ provider }) });
  return await EdgeStage.begin(provider, graph);
}

/** Its checks of readiness pass on: only its health is gone. */
async function sicken(stage: EdgeStage, instance: string): Promise<void> {
  const { address } = await seeInstance(stage.hand.target, instance);
  const { status } = await askAfresh(`http://127.0.0.1:${address?.port}/sicken`);
  assert.equal(status, 200);
}

/** Started once more, ready, and in the routes again. */
async function untilAnother(stage: EdgeStage, instance: string): Promise<void> {
  await until(`another ${instance}`, async () => {
    const { restarts, state } = await seeInstance(stage.hand.target, instance);
    const endpoint = (await endpoints(stage)).find(({ id }) => id === instance);
    const isBack = endpoint?.routed === true && (await withdrawn(stage, instance)) === undefined;
    return restarts === 1 && state === "ready" && isBack ? true : undefined;
  });
}

async function endpoints({ place }: EdgeStage) {
  const control = gatewayControl(edgeSocket(place.folder));
  return (await control.status(AbortSignal.timeout(10_000))).endpoints;
}

async function withdrawn(stage: EdgeStage, instance: string) {
  return (await recordOf(stage, instance))?.withdrawn;
}

async function recordOf({ place }: EdgeStage, instance: string) {
  return (await readState(stateFile(place.folder)))?.instances[instance];
}

/** A stream of so many events from each of the two; what the edge gives twice is left to end. */
async function openOnBoth(stage: EdgeStage, events: number): Promise<readonly EventStream[]> {
  const streams = new Map<string, EventStream>();
  for (let tries = 0; streams.size < 2 && tries < STREAMS_MAX; tries += 1) {
    const stream = await EventStream.open(stage.url, events);
    streams.set(await until("its first event", async () => stream.instance), stream);
  }
  assert.equal(streams.size, 2, "no stream of the other one");
  return [...streams.values()];
}

/** What nobody may repeat, each on a connection of its own, until `finish`: their statuses. */
function write(url: string): { finish(): Promise<readonly number[]> } {
  const sent: Promise<number>[] = [];
  let over = false;
  const sending = (async () => {
    while (!over) {
      const answer = askAfresh(url, { method: "POST", body: "{}" });
      sent.push(
        answer.then(
          ({ status }) => status,
          () => 0,
        ),
      );
      await systemClock.sleep(WRITE_EVERY_MS);
    }
  })();
  return {
    finish: async () => {
      over = true;
      await sending;
      return await Promise.all(sent);
    },
  };
}
