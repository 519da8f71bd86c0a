import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../system/parse.ts";
import type { System } from "../system/system.ts";
import { unenforced, unrunnable } from "./unrunnable.ts";
import { aService } from "./world.fixture.ts";

function systemOf(change: object): System {
  const input = { name: "shop", services: { api: aService() }, ...change };
  const parsed = parse(input, { environment: undefined, platform: undefined });
  assert.ok(parsed.ok, parsed.ok ? "" : JSON.stringify(parsed.error, null, 2));
  return parsed.value.system;
}

test("a store of our own is refused with the way out, an external one is not", () => {
  const system = systemOf({
    stores: {
      "main-db": { provider: "postgres" },
      other: { provider: "nats", external: { secret: "NATS_URL" } },
    },
  });
  const [refused, ...others] = unrunnable(system);
  assert.deepEqual(others, []);
  assert.deepEqual([refused?.rule, refused?.severity], ["not-yet", "error"]);
  assert.equal(refused?.places[0]?.path, "stores.main-db");
  assert.match(refused.fix, /external: secret\("MAIN_DB_URL"\)/);
  assert.deepEqual(unrunnable(systemOf({})), []);
});

test("what is checked and not enforced or measured is noted", () => {
  assert.deepEqual(unenforced(systemOf({})), []);
  const services = { api: aService({ resources: { memory: "1GiB" } }) };
  const objectives = { connections: 10, recovery: { point: "1m" } };
  const notes = unenforced(systemOf({ services, objectives }));
  assert.deepEqual(
    notes.flatMap(({ severity, places }) => places.map(({ path }) => `${severity} ${path}`)),
    [
      "note services.api.resources",
      "note objectives.recovery.point",
      "note objectives.connections",
    ],
  );
});

test("an availability that one machine is to give is noted", () => {
  const [note, ...others] = unenforced(systemOf({ objectives: { availability: "99.9%" } }));
  assert.deepEqual([note?.severity, note?.places], ["note", [{ path: "objectives.availability" }]]);
  assert.match(note?.message ?? "", /no spread/);
  assert.deepEqual(others, []);
});
