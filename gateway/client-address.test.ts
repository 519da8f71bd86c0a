import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clientKey, plainAddress, TrustedProxies } from "./client-address.ts";

const proxies = new TrustedProxies(["10.0.0.0/8", "2001:db8:aa::/48", "127.0.0.1/32"]);

for (const [what, peer, forwardedFor, address, hops] of [
  ["a stranger is the client, whatever he says", "192.0.2.9", "10.1.1.1", "192.0.2.9", 1],
  ["a proxy that says nothing is the client", "10.0.0.1", undefined, "10.0.0.1", 1],
  ["the hop before a proxy is the client", "10.0.0.1", "192.0.2.9", "192.0.2.9", 2],
  ["what the client says of itself is not", "10.0.0.1", "1.1.1.1, 192.0.2.9", "192.0.2.9", 2],
  ["through two proxies", "10.0.0.1", "192.0.2.9, 10.0.0.2", "192.0.2.9", 3],
  ["all hops are proxies: the first is", "10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3", 3],
  ["a hop that is no address ends the chain", "10.0.0.1", "192.0.2.9, unknown", "10.0.0.1", 1],
  ["an empty hop does too", "10.0.0.1", "192.0.2.9,, 10.0.0.2", "10.0.0.2", 2],
  ["ports are left out", "10.0.0.1", "192.0.2.9:4711", "192.0.2.9", 2],
  ["of IPv6 too", "2001:db8:aa::1", "[2001:DB8::7]:80", "2001:db8::7", 2],
  ["IPv4 in IPv6 is IPv4", "10.0.0.1", "::ffff:192.0.2.9, ::ffff:10.9.9.9", "192.0.2.9", 3],
] as const) {
  test(`trusted proxies: ${what}`, () => {
    const client = proxies.clientOf(peer, forwardedFor);
    assert.equal(client.address, address);
    assert.equal(client.hops.length, hops);
    assert.equal(client.hops[0], address);
    assert.equal(client.hops.at(-1), peer);
  });
}

test("nobody is trusted where nothing is configured, nor a name that is no address", () => {
  const nobody = new TrustedProxies([]);
  assert.equal(nobody.clientOf("10.0.0.1", "1.1.1.1").address, "10.0.0.1");
  assert.equal(proxies.trusts("unknown"), false);
});

test("however long a chain is, few hops are looked at", () => {
  const chain = Array.from({ length: 10_000 }, () => "10.0.0.2").join(",");
  assert.ok(proxies.clientOf("10.0.0.1", chain).hops.length <= 33);
});

test("no text makes a client that is neither the peer nor an address in the text", () => {
  const part = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant("10.0.0.2"));
  fc.assert(
    fc.property(fc.array(part), fc.ipV4(), (parts, peer) => {
      const { address, hops } = proxies.clientOf(peer, parts.join(","));
      if (!proxies.trusts(peer)) assert.equal(address, peer);
      for (const hop of hops.slice(1)) assert.ok(proxies.trusts(hop), hop);
    }),
  );
});

test("a subscriber's addresses of IPv6 are one client, its neighbours' are not", () => {
  const same = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2:3:4:5:6"];
  assert.deepEqual(new Set(same.map(clientKey)).size, 1);
  assert.notEqual(clientKey("2001:db8:1:3::1"), clientKey("2001:db8:1:2::1"));
  assert.equal(clientKey("2001:db8::1"), clientKey("2001:0db8:0:0:1::"));
  assert.equal(clientKey("::1"), "0:0:0:0");
  assert.equal(clientKey("fe80::1%eth0"), "fe80:0:0:0");
  assert.equal(clientKey("192.0.2.1"), "192.0.2.1");
  assert.equal(plainAddress("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(plainAddress("::ffff:1"), "::ffff:1");
});
