import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { aLedger, aRoutedRecord } from "./ledger.fixture.ts";
import { emptyState, type InstanceRecord } from "./state.ts";
import { withdraw } from "./withdraw.ts";

/** What the edge is asked for one that nobody stands beside. */
async function alone(t: TestContext, withdrawn: InstanceRecord["withdrawn"]) {
  const instances = { "web-1": aRoutedRecord({ withdrawn }) };
  const { ledger } = await aLedger(t, { ...emptyState("owner"), instances });
  const asked: string[] = [];
  const edge = {
    status: async () => undefined,
    push: async (): Promise<never> => {
      asked.push("push");
      throw new Error("no edge");
    },
    drain: async (): Promise<never> => {
      asked.push("drain");
      throw new Error("no edge");
    },
  };
  await withdraw({ world: { ledger }, edge }, "web-1", new AbortController().signal);
  return { asked, withdrawn: ledger.state.instances["web-1"]?.withdrawn };
}

test("the last one that serves stays, also while it is on its way back", async (t) => {
  assert.deepEqual(await alone(t, undefined), { asked: [], withdrawn: undefined });
  assert.deepEqual(await alone(t, "returning"), { asked: [], withdrawn: "returning" });
});

test("what an earlier supervisor took out is taken out, whoever stands beside it", async (t) => {
  assert.deepEqual(await alone(t, "out"), { asked: ["push"], withdrawn: "out" });
});
