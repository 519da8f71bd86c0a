import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./config-schema.ts";
import { parseControlRequest } from "./control-schema.ts";
import { aConfig } from "./rig.fixture.ts";

const good = aConfig({ endpoints: [{ id: "a1", port: 1_000 }] });

test("a whole configuration is taken, also after a trip through JSON", () => {
  const travelled: unknown = JSON.parse(JSON.stringify(good));
  const parsed = parseConfig(travelled);
  assert.deepEqual(JSON.parse(JSON.stringify(parsed)), { ok: true, value: travelled });
});

test("unknown fields, missing ones and values out of range are named", () => {
  const [listener] = good.listeners;
  const [pool] = good.pools;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ ...good, extra: 1 }, /extra/],
    [{ ...good, limits: undefined }, /limits/],
    [{ ...good, generation: 0 }, /generation/],
    [{ ...good, listeners: [{ ...listener, port: 70_000 }] }, /port/],
    [{ ...good, listeners: [{ ...listener, host: "a b" }] }, /host/],
    [{ ...good, listeners: [listener, listener] }, /listener public is declared twice/],
    [{ ...good, pools: [pool, pool] }, /pool app is declared twice/],
    [{ ...good, pools: [] }, /there is no pool app/],
    [{ ...good, pools: [{ ...pool, check: { ...pool!.check, everyMs: 0 } }] }, /everyMs/],
    [
      { ...good, pools: [{ ...pool, endpoints: [{ ...pool!.endpoints[0], release: "a\r\nb" }] }] },
      /release/,
    ],
  ];
  for (const [bad, message] of cases) {
    const parsed = parseConfig(bad);
    assert.ok(!parsed.ok, String(message));
    assert.match(parsed.error, message);
  }
});

test("a control request that cannot be read is refused under its own id", () => {
  const refusal = (line: string): unknown => {
    const parsed = parseControlRequest(line);
    return parsed.ok ? "taken" : parsed.error.id;
  };
  assert.equal(refusal("{"), 0);
  assert.equal(refusal('{"id":7,"op":"reboot"}'), 7);
  assert.equal(refusal('{"id":8,"op":"handover","drainMs":-1}'), 8);
  assert.equal(refusal('{"id":9,"op":"status"}'), "taken");
  assert.equal(refusal(JSON.stringify({ id: 4, op: "apply", config: { ...good, pools: [] } })), 4);
});
