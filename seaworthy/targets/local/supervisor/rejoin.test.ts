import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { systemClock } from "@seaworthy/std/clock";
import { aLedger, aRoutedRecord } from "./ledger.fixture.ts";
import { rejoin } from "./rejoin.ts";
import { emptyState, type InstanceRecord } from "./state.ts";

const EDGE_MS_MAX = 5_000;

/** One that is back, and an edge that refuses it so many times. */
async function returning(t: TestContext, given: { refusals: number; because?: string }) {
  const record = aRoutedRecord({ withdrawn: "returning", because: given.because });
  const { ledger } = await aLedger(t, { ...emptyState("owner"), instances: { "web-1": record } });
  const seen: (InstanceRecord | undefined)[] = [];
  const pauses: number[] = [];
  const stop = new AbortController();
  let told = 0;
  await rejoin(
    {
      ledger,
      clock: {
        ...systemClock,
        sleep: async (ms) => {
          pauses.push(ms);
          seen.push(ledger.state.instances["web-1"]);
          if (pauses.length === 10) stop.abort();
        },
      },
    },
    {
      id: "web-1",
      tell: async () => {
        told += 1;
        if (told <= given.refusals) throw new Error("it refused");
      },
    },
    stop.signal,
  );
  return { told, seen, pauses, record: ledger.state.instances["web-1"] };
}

test("what the edge was not told is said, and told again until it heard it", async (t) => {
  const { told, seen, record } = await returning(t, { refusals: 3 });
  assert.equal(told, 4);
  for (const one of seen) {
    assert.equal(one?.withdrawn, "returning", "it is still out of the edge");
    assert.equal(one.because, "up, but the edge could not be told: it refused");
  }
  assert.deepEqual([record?.withdrawn, record?.because], [undefined, undefined]);
});

test("an edge that refuses for ever is asked with pauses, and until the end", async (t) => {
  const { told, pauses, record } = await returning(t, { refusals: Number.POSITIVE_INFINITY });
  assert.equal(told, 10);
  assert.equal(Math.min(...pauses), 500);
  assert.equal(Math.max(...pauses), EDGE_MS_MAX);
  assert.equal(record?.withdrawn, "returning", "whoever follows tells it");
});

test("what else is said of it stays, told or not", async (t) => {
  const { seen, record } = await returning(t, { refusals: 1, because: "not ready: 503" });
  assert.equal(seen[0]?.because, "not ready: 503");
  assert.deepEqual([record?.withdrawn, record?.because], [undefined, "not ready: 503"]);
  const stale = "up, but the edge could not be told: by an earlier supervisor";
  const { record: next } = await returning(t, { refusals: 0, because: stale });
  assert.equal(next?.because, undefined);
});
