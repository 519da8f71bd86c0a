import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { selfSigned, type SelfSigned } from "@seaworthy/std/self-signed";
import type { Graph } from "../../plan/graph.ts";
import type { EdgeProvider } from "../../system/system.ts";
import { TargetError } from "../target.ts";
import { frontProgram } from "./edge-program.ts";
import {
  EdgeStage,
  failedOf,
  lossesOf,
  PROVIDERS,
  stageEdge,
  stageGraph,
} from "./fixtures/edge-stage.ts";
import { askAfresh } from "./fixtures/raw-http.ts";
import { Hand, take, until } from "./fixtures/rehearsal.ts";
import { isAlive, signalOne } from "./identity.ts";
import { stateFile } from "./supervisor/paths.ts";
import { readState } from "./supervisor/state.ts";

const soon = (): AbortSignal => AbortSignal.timeout(60_000);
const DAY_MS = 86_400_000;

for (const provider of PROVIDERS) {
  describe(`life of the edge: ${provider}`, () => {
    it("serves on without a supervisor, and the next one adopts it as it is", async () => {
      await using stage = await EdgeStage.begin(provider);
      await using load = await stage.load();
      const holder = await holderOf(stage);
      await stage.place.kill9("_watch", "_supervise");
      assert.equal((await askAfresh(stage.url)).status, 200);
      const hand = new Hand(stage.hand.target, await take(stage.hand.target));
      await hand.must({ action: "switch", unit: "api", instances: ["api-2"] });
      assert.deepEqual(await holderOf(stage), holder, "it is the same process");
      assert.match((await askAfresh(stage.url)).body, /"api-2"/);
      await hand.must({ action: "stop", instance: "api-1", graceMs: 2_000 });
      const seen = await load.finish();
      const others = failedOf(seen, ({ failure }) => provider !== "nginx" || failure !== "reset");
      assert.deepEqual(others, [], lossesOf(seen));
    });

    it("is gone, with its sockets, when it is declared no more", async () => {
      await using stage = await EdgeStage.begin(provider);
      const holder = await holderOf(stage);
      await stage.hand.must({ action: "remove", unit: "edge" });
      await assert.rejects(askAfresh(stage.url), { code: "ECONNREFUSED" });
      assert.equal((await stage.hand.target.observe(soon())).edge, undefined);
      if (provider !== "gateway") assert.ok(!isAlive(holder), "only the inner routes are left");
    });

    it("serves a certificate that was renewed, without being told", async () => {
      await using stage = await EdgeStage.begin(provider);
      const first = await writePair(stage, 10);
      const tls = { certificate: "edge.pem", key: "edge.key" };
      await stage.hand.define(stageGraph(provider, { edge: { tls } }));
      const url = await stage.address();
      assert.equal((await askAfresh(url, { ca: first.certificate })).status, 200);
      const second = await writePair(stage, 20);
      await until("the new certificate", async () => {
        const answer = await askAfresh(url, { ca: second.certificate }).catch(() => undefined);
        return answer?.status === 200 ? true : undefined;
      });
      // nginx's former workers still take connections for a moment after the new ones do.
      await until("its expiry in what is observed", async () => {
        const { edge } = await stage.hand.target.observe(soon());
        const leftMs = Date.parse(edge?.tls?.notAfter ?? "") - systemClock.wall();
        return leftMs > 15 * DAY_MS ? true : undefined;
      });
    });
  });
}

for (const provider of ["haproxy", "nginx"] as const) {
  describe(`a definition that ${provider} refuses`, () => {
    it("is none: the edge is started again as it was before", async () => {
      await using stage = await EdgeStage.begin(provider);
      const refusal = new RegExp(`${provider} refuses the edge as declared`);
      await assert.rejects(stage.hand.define(refusedGraph(provider)), refusal);
      const former = await holderOf(stage);
      signalOne(former, "SIGKILL");
      await until("another one", async () => {
        const holder = await holderOf(stage).catch(() => undefined);
        if (holder === undefined || holder.pid === former.pid) return undefined;
        const answer = await askAfresh(stage.url).catch(() => undefined);
        return answer?.status === 200 ? true : undefined;
      });
    });

    it("keeps no supervisor from its work where the one before died amid it", async () => {
      await using stage = await EdgeStage.begin(provider);
      await stage.place.kill9("_watch", "_supervise");
      const path = stateFile(stage.place.folder);
      const state = await readState(path);
      await writeFile(path, JSON.stringify({ ...state, graph: refusedGraph(provider) }));
      const hand = new Hand(stage.hand.target, await take(stage.hand.target));
      await hand.define(stageGraph(provider));
      await hand.must({ action: "switch", unit: "api", instances: ["api-2"] });
      assert.match((await askAfresh(stage.url)).body, /"api-2"/);
    });
  });
}

describe("the edge's provider", () => {
  it("may change while the system runs: the address stays, whoever it was is gone", async () => {
    await using stage = await EdgeStage.begin("gateway");
    const order: readonly EdgeProvider[] = ["haproxy", "nginx", "haproxy", "gateway", "nginx"];
    await using load = await stage.load();
    for (const provider of order) {
      await stage.hand.define(stageGraph(provider));
      assert.equal(await stage.address(), stage.url);
      assert.equal((await askAfresh(stage.url)).status, 200, provider);
      const { server } = (await askAfresh(stage.url)).headers;
      assert.equal(server, undefined, "no program tells its name");
    }
    assert.ok(!stage.place.processes().some(({ mark }) => mark.instance === "edge-haproxy"));
    // Between the two nobody listens, and connections that are idle then are closed.
    const seen = await load.finish();
    const others = failedOf(seen, ({ failure }) => !["refused", "reset"].includes(failure ?? ""));
    assert.deepEqual(others, [], lossesOf(seen));
    assert.deepEqual([seen.audit.lost, seen.audit.doubled], [[], []]);
  });

  it("shows in the edge's log, whoever it is", async () => {
    await using stage = await EdgeStage.begin("haproxy");
    await askAfresh(`${stage.url}/seen`);
    const query = { unit: "edge", instance: undefined, tail: 100, follow: false };
    await until("its line", async () => {
      for await (const { instance, text } of stage.hand.target.logs(query, soon())) {
        if (instance === "edge-haproxy" && text.includes('"path":"\\/seen"')) return true;
      }
      return undefined;
    });
  });

  it("that is not installed is refused, with what installs it", () => {
    for (const name of ["haproxy", "nginx"] as const) {
      assert.throws(
        () => frontProgram(name, "/nowhere", []),
        (error) =>
          error instanceof TargetError &&
          error.code === "unsupported" &&
          /apt-get install (haproxy|nginx-light)/.test(error.fix ?? ""),
      );
    }
  });
});

/** Its routes wait longer than either program can count. */
function refusedGraph(provider: EdgeProvider): Graph {
  const { routes } = stageEdge(provider);
  return stageGraph(provider, {
    edge: { routes: routes.map((route) => ({ ...route, timeoutMs: 1e20 })) },
  });
}

async function holderOf({ hand }: EdgeStage) {
  const handle = await hand.target.prepare({ kind: "kill-edge", part: "holder" }, soon());
  const [holder] = handle.processes;
  assert.ok(holder !== undefined);
  return holder;
}

async function writePair({ place }: EdgeStage, days: number): Promise<SelfSigned> {
  const now = systemClock.wall();
  const span = { notBeforeMs: now - DAY_MS, notAfterMs: now + days * DAY_MS };
  const pair = selfSigned({ hosts: ["127.0.0.1"], ...span });
  // The key first: a provider that looks between the two keeps what it has.
  await writeFile(join(place.home, "system/edge.key"), pair.key, { mode: 0o600 });
  await writeFile(join(place.home, "system/edge.pem"), pair.certificate);
  return pair;
}
