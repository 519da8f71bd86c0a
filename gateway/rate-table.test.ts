import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import type { RateLimit } from "./config.ts";
import { RateTable } from "./rate-table.ts";

const seeds = [4_711, 42] as const;
const limit = { requests: 10, perMs: 1_000, burst: 5 };

test("a burst at once, then one each tenth of a second, then a full bucket again", () => {
  const table = new RateTable({ seeds });
  const taken = (nowMs: number): number =>
    Array.from({ length: 20 }, () => table.take("a", limit, nowMs)).filter((wait) => wait === 0)
      .length;
  assert.equal(taken(0), 5);
  assert.equal(taken(99), 0);
  assert.equal(taken(100), 1);
  assert.equal(taken(350), 2);
  assert.equal(taken(10_000), 5);
  assert.equal(table.take("b", limit, 10_000), 0, "another client has a bucket of its own");
});

test("says for how long there is no token, and a refusal costs none", () => {
  const table = new RateTable({ seeds });
  for (let turn = 0; turn < 5; turn += 1) table.take("a", limit, 0);
  for (let turn = 0; turn < 1_000; turn += 1) assert.equal(table.take("a", limit, 40), 60);
  assert.equal(table.take("a", limit, 100), 0);
});

test("a limit that changes counts at once, with what was taken before", () => {
  const table = new RateTable({ seeds });
  for (let turn = 0; turn < 5; turn += 1) table.take("a", limit, 0);
  assert.equal(table.take("a", { ...limit, burst: 6 }, 0), 0);
  assert.ok(table.take("a", { ...limit, requests: 1, burst: 1 }, 0) > 0);
});

/** What one client may take without any table: the same algorithm, a number for each. */
class Exact {
  readonly #fullAtMs = new Map<string, number>();

  take(client: string, nowMs: number): boolean {
    const perTokenMs = limit.perMs / limit.requests;
    const owedMs = Math.max(0, (this.#fullAtMs.get(client) ?? 0) - nowMs);
    if (owedMs + perTokenMs > limit.burst * perTokenMs + 1e-6) return false;
    this.#fullAtMs.set(client, nowMs + owedMs + perTokenMs);
    return true;
  }
}

interface Table {
  take(client: string, limit: RateLimit, nowMs: number): number;
}

/** Each of thirteen comes back soon, and others came between: eight places are too few. */
const step = fc.record({ client: fc.nat({ max: 12 }), passMs: fc.nat({ max: 2 }) });

/** Fails for a table that ever gives more than the client's own bucket would have. */
function neverGivesTooMuch(make: () => Table): void {
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), (steps) => {
      const table = make();
      const exact = new Exact();
      let nowMs = 0;
      for (const { client, passMs } of steps) {
        nowMs += passMs;
        const name = `192.0.2.${client}`;
        if (table.take(name, limit, nowMs) > 0) continue;
        assert.ok(exact.take(name, nowMs), `${name} was given too much at ${nowMs}`);
      }
    }),
  );
}

test("no order of clients gets one of them more than its own bucket gives", () => {
  // Eight places for thirteen clients: they push each other out all the time.
  neverGivesTooMuch(() => new RateTable({ seeds, clientsMax: 8 }));
});

test("a table that forgets whom it pushed out is caught by the same check", () => {
  class Forgetful implements Table {
    #tables = new Map<string, RateTable>();
    take(client: string, limits: RateLimit, nowMs: number): number {
      const known = this.#tables.get(client) ?? new RateTable({ seeds, clientsMax: 8 });
      this.#tables.delete(client);
      this.#tables.set(client, known);
      for (const oldest of this.#tables.keys()) {
        if (this.#tables.size > 8) this.#tables.delete(oldest);
      }
      return known.take(client, limits, nowMs);
    }
  }
  assert.throws(() => neverGivesTooMuch(() => new Forgetful()), /Property failed/);
});

test("pushing oneself out with a crowd of addresses resets nothing", () => {
  const table = new RateTable({ seeds });
  const hourly = { requests: 1, perMs: 3_600_000, burst: 1 };
  assert.equal(table.take("192.0.2.1", hourly, 0), 0);
  for (let other = 0; other < 300_000; other += 1) table.take(`crowd-${other}`, hourly, 1);
  assert.ok(table.take("192.0.2.1", hourly, 2) > 3_500_000);
});

test("those who owe nothing any more give room: a full table forgets nobody who is limited", () => {
  const table = new RateTable({ seeds });
  for (let turn = 0; turn < 5; turn += 1) table.take("192.0.2.1", limit, 0);
  for (let other = 0; other < 20_000; other += 1) table.take(`old-${other}`, limit, -10_000);
  assert.ok(table.take("192.0.2.1", limit, 1) > 0);
  assert.equal(table.shared, 0, "nobody had to share");
});

test("a million addresses take no more memory than one", () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const used = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const table = new RateTable({ seeds });
  table.take("0.0.0.0", limit, 0);
  const before = used();
  for (let address = 0; address < 1_000_000; address += 1) {
    const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
    table.take(bytes.join("."), limit, address / 100);
  }
  const grown = used() - before;
  assert.ok(grown < 1_048_576, `${grown} bytes more after a million addresses`);
  assert.equal(table.bytes, 65_536 * 12);
});
