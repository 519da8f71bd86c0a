import { BlockList, isIP } from "node:net";

/**
 * Hops of one `x-forwarded-for` that are looked at; no chain of proxies is as long, and each look
 * costs a microsecond.
 */
const HOPS_MAX = 32;

/** Where a request comes from, and the hops since then that may be told on. */
export interface Client {
  readonly address: string;
  /** The client first, then each trusted proxy; the last one is our peer. */
  readonly hops: readonly string[];
}

/** Whose `x-forwarded-for` is believed: `trustedProxies` of the configuration. */
export class TrustedProxies {
  readonly #ranges = new BlockList();
  readonly #isEmpty: boolean;

  /** Ranges as the configuration's schema takes them: `10.0.0.0/8`, `::1/128`. */
  constructor(ranges: readonly string[]) {
    this.#isEmpty = ranges.length === 0;
    for (const range of ranges) {
      const [network = "", prefix = ""] = range.split("/");
      const family = network.includes(":") ? "ipv6" : "ipv4";
      this.#ranges.addSubnet(network, Number(prefix), family);
    }
  }

  trusts(address: string): boolean {
    if (this.#isEmpty) return false;
    const family = isIP(address);
    if (family === 0) return false;
    return this.#ranges.check(address, family === 6 ? "ipv6" : "ipv4");
  }

  /**
   * The rightmost hop that no trusted proxy is: what stands left of it was said by a stranger, and
   * is believed and told on as little as the rest of his words. A hop that is no address ends the
   * chain at the proxy that wrote it.
   */
  clientOf(peer: string, forwardedFor: string | undefined): Client {
    const hops = [peer];
    if (forwardedFor === undefined || !this.trusts(peer)) return { address: peer, hops };
    for (const text of forwardedFor.split(",").toReversed().slice(0, HOPS_MAX)) {
      const hop = addressIn(text);
      if (hop === undefined) break;
      hops.unshift(hop);
      if (!this.trusts(hop)) break;
    }
    return { address: hops[0] ?? peer, hops };
  }
}

/** An IPv4 client of an IPv6 socket, as everybody writes it. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:80`; some proxies add the port. */
function addressIn(text: string): string | undefined {
  const trimmed = text.trim();
  if (isIP(trimmed) !== 0) return plainAddress(trimmed.toLowerCase());
  const [, inside] = /^\[([^\]]{2,64})\](?::\d{1,5})?$/.exec(trimmed) ?? [];
  const [, before] = /^([\d.]{7,15}):\d{1,5}$/.exec(trimmed) ?? [];
  const address = inside ?? before ?? "";
  return isIP(address) === 0 ? undefined : plainAddress(address.toLowerCase());
}

/**
 * What counts as one client. A subscriber is given 2^64 addresses of IPv6 (RFC 6177), so there the
 * first 64 bits are; else one of them would be as many clients as it likes.
 */
export function clientKey(address: string): string {
  if (!address.includes(":")) return address;
  const [before = "", after] = address.split("%", 1)[0]?.split("::") ?? [];
  const groups = before === "" ? [] : before.split(":");
  const rest = after === undefined || after === "" ? [] : after.split(":");
  // The zeros that `::` stands for, as far as the first four groups go.
  const zeros = after === undefined ? 0 : Math.max(0, GROUPS - groups.length - rest.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...rest];
  const network = all.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16));
  return network.map((group) => group.toString(16)).join(":");
}

const GROUPS = 8;
const NETWORK_GROUPS = 4;
