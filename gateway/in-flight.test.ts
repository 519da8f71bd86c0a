import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Endpoint, type InFlight } from "./endpoint.ts";

const config = { id: "a1", release: "r1", host: "127.0.0.1", port: 1, routed: true, weight: 1 };

test("what is in flight is exactly what began and did not end, whatever the order", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 200 }), (touched) => {
      const endpoint = new Endpoint(config, "pool", { connectMs: 100, known: undefined });
      const all = Array.from({ length: 10 }, (): InFlight => new Request());
      const expected = new Set<InFlight>();
      for (const index of touched) {
        const one = all[index];
        if (one === undefined) continue;
        if (expected.delete(one)) endpoint.end(one, "safe");
        else {
          expected.add(one);
          endpoint.begin(one, "safe", 0);
        }
        endpoint.end(new Request(), "safe");
      }
      assert.deepEqual(new Set(endpoint.snapshot()), expected);
      assert.equal(endpoint.inFlightTotal, expected.size);
      assert.equal(endpoint.inFlightCounts.safe, expected.size);
    }),
  );
});

class Request implements InFlight {
  place = -1;
  readonly isMovable = true;
  takeAway(): void {}
  windUp(): boolean {
    return false;
  }
}
