import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readState } from "./state-store.ts";

const KEPT = new URL("fixtures/kept/0.1.0/gateway.json", import.meta.url);

test("a holder comes back with what 0.1.0 kept; what that lacks is as it was then", async () => {
  const folder = await mkdtemp(join(tmpdir(), "seaworthy-kept-"));
  try {
    await cp(KEPT, join(folder, "gateway.json"));
    const kept = await readState(folder);
    assert.ok(kept.ok, kept.ok ? "" : kept.error);
    assert.deepEqual(kept.value?.ports, { "public:0": 25_071, "inner:web": 25_070 });
    const { config } = kept.value;
    assert.deepEqual(
      config.pools[0]?.endpoints.map(({ id, weight }) => [id, weight]),
      [
        ["web-3", 1],
        ["web-4", 1],
      ],
    );
    assert.deepEqual(config.trustedProxies, []);
    assert.equal(config.limits.rate, undefined);
    assert.equal(config.listeners[0]?.tls, undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});
