import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { z } from "zod";
import type { ServiceUnit } from "../../plan/graph.ts";
import { aGraph, aService } from "../declared.ts";
import { Hand, Rehearsal, seeInstance, take, until } from "./fixtures/rehearsal.ts";

describe("a service that", () => {
  it("ignores SIGTERM is gone after its grace", async () => {
    await using place = await Rehearsal.begin();
    const { hand, service } = await withMode(place, "deaf");
    await hand.bring(service, await hand.release(service), 1);
    await hand.must({ action: "stop", instance: "api-1", graceMs: 500 });
    assert.equal(place.processes().filter(({ mark }) => mark.instance === "api-1").length, 0);
    const said = await logOf(hand, "api-1");
    assert.ok(
      said.some((line) => line.includes("heard SIGTERM")),
      "it was asked first",
    );
  });

  it("exits at once fails its wait early, with its exit code and last words", async () => {
    await using place = await Rehearsal.begin();
    const { hand, service } = await withMode(place, "exits-at-once");
    const release = await hand.release(service);
    await hand.must({ action: "start", unit: "api", instance: "api-1", release });
    const wait = { action: "await-ready", instance: "api-1", deadlineMs: 55_000 } as const;
    const result = await hand.apply(wait);
    assert.equal(result.outcome, "failed");
    assert.match(result.because, /exited with code 3, 3 times/);
    assert.ok(result.detail.some((line) => line.includes("cannot find my configuration")));
    assert.ok(
      ["backing-off", "starting"].includes((await seeInstance(hand.target, "api-1")).state),
    );
  });

  it("is never ready fails its wait at the deadline, with the last probe and log", async () => {
    await using place = await Rehearsal.begin();
    const { hand, service } = await withMode(place, "never-ready");
    const release = await hand.release(service);
    await hand.must({ action: "start", unit: "api", instance: "api-1", release });
    const wait = { action: "await-ready", instance: "api-1", deadlineMs: 3_000 } as const;
    const result = await hand.apply(wait);
    assert.equal(result.outcome, "failed");
    assert.match(result.because, /not ready after 3000 ms/);
    assert.match(result.detail.join("\n"), /http:\/\/127\.0\.0\.1:\d+\/ready → 503: .*never-ready/);
    assert.match(result.detail.join("\n"), /api-1 stdout \| api-1 starts on/);
  });
});

describe("an instance that", () => {
  it("floods its log keeps the disk bounded", async () => {
    await using place = await Rehearsal.begin();
    const { hand, service } = await withMode(place, "flood");
    await hand.bring(service, await hand.release(service), 1);
    await until("a rotated log", async () => {
      const names = await readdir(place.folder.logs);
      return names.some((name) => name.startsWith("api-1.stdout.log.")) ? true : undefined;
    });
    const sizes = await Promise.all(
      (await readdir(place.folder.logs)).map(async (name) => await sizeOf(place, name)),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total < 128 * 1_048_576, `${total} bytes`);
    await hand.must({ action: "stop", instance: "api-1", graceMs: 2_000 });
  });

  it("fails its health check is replaced", async () => {
    await using place = await Rehearsal.begin();
    const { hand, service } = await withMode(place, "");
    await hand.bring(service, await hand.release(service), 1);
    const before = await seeInstance(hand.target, "api-1");
    await fetch(`http://127.0.0.1:${before.address?.port}/sicken`);
    const after = await until("a new process", async () => {
      const now = await seeInstance(hand.target, "api-1");
      return now.state === "ready" && now.pid !== before.pid ? now : undefined;
    });
    assert.equal(after.restarts, 1);
  });

  it("is Python and forks leaves nothing of its group", async () => {
    await using place = await Rehearsal.begin();
    const hand = await handIn(place);
    const service = aService({
      run: { kind: "folder", build: "apps/python", command: ["python3", "main.py"] },
    });
    await hand.define(aGraph([service]));
    await hand.bring(service, await hand.release(service), 1);
    const mine = () => place.processes().filter(({ mark }) => mark.instance === "api-1");
    assert.equal(mine().length, 2, "parent and child");
    await hand.must({ action: "stop", instance: "api-1", graceMs: 500 });
    assert.equal(mine().length, 0);
  });

  it("cannot be started says why, and nothing of it stays", async () => {
    await using place = await Rehearsal.begin();
    const hand = await handIn(place);
    const service = aService({ env: { TOKEN: { kind: "secret", secret: "TOKEN" } } });
    await hand.define(aGraph([service]));
    await assert.rejects(hand.release(service), /nobody knows TOKEN/);
  });
});

describe("an instance is given", () => {
  it("an allow-listed environment, addresses, secrets and files, and no more", async () => {
    await using place = await Rehearsal.begin();
    process.env["MUST_NOT_LEAK"] = "yes";
    place.secrets.set("TOKEN", "s3cret");
    const hand = await handIn(place);
    const service = aService({
      files: { "/etc/app/limits.json": `{"limit":10}` },
      volumes: { "/var/lib/app": "data" },
      env: {
        TOKEN: { kind: "secret", secret: "TOKEN" },
        SELF: {
          kind: "parts",
          parts: [
            { kind: "url", service: "api" },
            { kind: "text", text: "/v1" },
          ],
        },
      },
    });
    await hand.up(aGraph([service]));
    const { address } = await seeInstance(hand.target, "api-1");
    const ask = async (path: string): Promise<unknown> =>
      await (await fetch(`http://127.0.0.1:${address?.port}${path}`)).json();
    assert.deepEqual(await ask("/limits"), { limit: 10 });
    const given = z.record(z.string(), z.string()).parse(await ask("/environment"));
    const inherited = new Set(["PATH", "HOME", "LANG", "TZ", "TMPDIR"]);
    const names = Object.keys(given).filter(
      (name) => !inherited.has(name) && !name.startsWith("LC_"),
    );
    assert.deepEqual(names.toSorted(), [
      ...["HOST", "PORT", "SEAWORTHY_INSTANCE", "SEAWORTHY_OWNER", "SEAWORTHY_ROOT"],
      ...["SEAWORTHY_SYSTEM", "SELF", "TOKEN"],
    ]);
    assert.equal(given["TOKEN"], "s3cret");
    assert.match(given["SELF"] ?? "", /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
    const volume = await stat(join(given["SEAWORTHY_ROOT"] ?? "", "var/lib/app"));
    assert.ok(volume.isDirectory());
    const state = await readFile(join(place.folder.root, "state.json"), "utf8");
    assert.ok(!state.includes("s3cret"), "the state holds no secret");
  });
});

async function handIn(place: Rehearsal): Promise<Hand> {
  const target = await place.open();
  return new Hand(target, await take(target));
}

async function withMode(
  place: Rehearsal,
  mode: string,
): Promise<{ readonly hand: Hand; readonly service: ServiceUnit }> {
  const hand = await handIn(place);
  const service = aService({ env: { MODE: { kind: "text", text: mode } } });
  await hand.define(aGraph([service]));
  return { hand, service };
}

async function logOf(hand: Hand, instance: string): Promise<readonly string[]> {
  const lines = [];
  const query = { unit: undefined, instance, tail: undefined, follow: false };
  for await (const { text } of hand.target.logs(query, AbortSignal.timeout(10_000))) {
    lines.push(text);
  }
  return lines;
}

async function sizeOf(place: Rehearsal, name: string): Promise<number> {
  return await stat(join(place.folder.logs, name)).then(
    ({ size }) => size,
    () => 0,
  );
}
