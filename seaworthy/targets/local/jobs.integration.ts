import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { JobUnit } from "../../plan/graph.ts";
import type { StepResult } from "../../record/step.ts";
import { aGraph, aJob } from "../declared.ts";
import { Hand, Rehearsal, take, until } from "./fixtures/rehearsal.ts";

describe("a job", () => {
  it("runs once per release, and again for another one", async () => {
    await using place = await Rehearsal.begin();
    const { hand, job, run } = await withJob(place, {});
    assert.equal((await run(job)).outcome, "done");
    assert.equal((await run(job)).outcome, "done");
    assert.equal(await runs(place), 1);
    const changed = {
      ...job,
      env: { ...job.env, COLOUR: { kind: "text", text: "blue" } as const },
    };
    await hand.define(aGraph([changed]));
    assert.equal((await run(changed)).outcome, "done");
    assert.equal(await runs(place), 2);
  });

  it("that fails says how, and is a person's to decide", async () => {
    await using place = await Rehearsal.begin();
    const { job, run } = await withJob(place, { exit: 4 });
    const first = await run(job);
    assert.equal(first.outcome, "failed");
    assert.match(first.because, /exited with code 4/);
    assert.ok(first.detail.some((line) => line.includes("job ends")));
    const second = await run(job);
    assert.equal(second.outcome, "failed");
    assert.match(second.because, /a person must decide/);
    assert.equal(await runs(place), 1);
  });
});

describe("a job cut short", () => {
  it("killed half-way runs again only if it is idempotent", async () => {
    await using place = await Rehearsal.begin();
    const { hand, job, run } = await withJob(place, { takesMs: 3_000 });
    const first = run(job);
    await until("the job to run", async () => ((await runs(place)) === 1 ? true : undefined));
    await place.kill9("migrate-1");
    assert.equal((await first).outcome, "failed");
    const second = await run(job);
    assert.equal(second.outcome, "failed");
    assert.match(second.because, /was killed half-way and is not idempotent/);
    assert.equal(await runs(place), 1);
    const idempotent = { ...job, idempotent: true };
    await hand.define(aGraph([idempotent]));
    assert.equal((await run(idempotent)).outcome, "done");
    assert.equal(await runs(place), 2);
  });

  it("is settled by a person: it runs again, or counts as done", async () => {
    await using place = await Rehearsal.begin();
    const { hand, job, run } = await withJob(place, { takesMs: 3_000 });
    const settle = async (as: "done" | "again") => {
      const release = await hand.release(job);
      return await hand.apply({ action: "settle-job", job: job.name, release, as });
    };
    assert.equal((await settle("done")).outcome, "failed", "it never ran: that is no done");
    const cutShort = async (instance: string, times: number): Promise<void> => {
      const running = run(job);
      await until("the job to run", async () => ((await runs(place)) === times ? true : undefined));
      assert.equal((await settle("again")).outcome, "failed", "while it runs");
      await place.kill9(instance);
      assert.equal((await running).outcome, "failed");
      assert.match(because(await run(job)), /a person must decide/);
    };
    await cutShort("migrate-1", 1);
    assert.equal((await settle("again")).outcome, "done");
    assert.equal((await settle("again")).outcome, "done", "twice is once");
    await cutShort("migrate-2", 2);
    assert.equal((await settle("done")).outcome, "done");
    assert.equal((await run(job)).outcome, "done");
    assert.equal((await settle("again")).outcome, "failed", "what is done stays done");
    assert.equal(await runs(place), 2, "it was not run a third time");
  });

  it("goes on when its supervisor dies, and is not run twice", async () => {
    await using place = await Rehearsal.begin();
    const { hand, job, run } = await withJob(place, { takesMs: 6_000 });
    const first = run(job).catch(() => undefined);
    await until("the job to run", async () => ((await runs(place)) === 1 ? true : undefined));
    await place.kill9("_supervise");
    await first;
    const release = await hand.release(job);
    const target = await place.open();
    const next = new Hand(target, await take(target));
    const step = { action: "run-job", job: "migrate", release, deadlineMs: 30_000 } as const;
    const result = await next.apply(step);
    assert.equal(result.outcome, "failed", "nobody saw its exit code");
    assert.match(result.because, /nobody watched/);
    assert.equal(await runs(place), 1);
  });
});

describe("a job that goes on for too long", () => {
  it("ends when its unit is removed", async () => {
    await using place = await Rehearsal.begin();
    const { hand, job, run } = await withJob(place, { takesMs: 50_000 });
    const waiting = run(job);
    await until("the job to run", async () => ((await runs(place)) === 1 ? true : undefined));
    await hand.must({ action: "remove", unit: "migrate" });
    assert.equal(place.processes().filter(({ mark }) => mark.instance === "migrate-1").length, 0);
    assert.equal((await waiting).outcome, "failed");
  });

  it("that is not done in time is ended", async () => {
    await using place = await Rehearsal.begin();
    const { hand, job } = await withJob(place, { takesMs: 50_000 });
    const release = await hand.release(job);
    const step = { action: "run-job", job: "migrate", release, deadlineMs: 1_000 } as const;
    const result = await hand.apply(step);
    assert.equal(result.outcome, "failed");
    assert.match(result.because, /not done in 1000 ms/);
    assert.equal(place.processes().filter(({ mark }) => mark.instance === "migrate-1").length, 0);
  });
});

function because(result: StepResult): string {
  return result.outcome === "failed" ? result.because : "";
}

async function withJob(
  place: Rehearsal,
  options: { readonly takesMs?: number; readonly exit?: number },
) {
  const text = (value: string) => ({ kind: "text", text: value }) as const;
  const job = aJob({
    env: {
      TRACE: text(traceOf(place)),
      TAKES_MS: text(String(options.takesMs ?? 0)),
      EXIT: text(String(options.exit ?? 0)),
    },
  });
  const target = await place.open();
  const hand = new Hand(target, await take(target));
  await hand.define(aGraph([job]));
  const run = async (one: JobUnit) => {
    const release = await hand.release(one);
    return await hand.apply({ action: "run-job", job: one.name, release, deadlineMs: 30_000 });
  };
  return { hand, job, run };
}

function traceOf(place: Rehearsal): string {
  return join(place.home, "trace");
}

async function runs(place: Rehearsal): Promise<number> {
  const text = await readFile(traceOf(place), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line === "run").length;
}
