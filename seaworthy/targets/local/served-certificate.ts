import { connect, type DetailedPeerCertificate } from "node:tls";

/** On loopback a handshake takes milliseconds. */
const HANDSHAKE_MS = 2_000;
/** A chain that goes on is none. */
const CHAIN_MAX = 10;

/**
 * When the first certificate of the chain expires that is served there, RFC 3339; undefined: nobody
 * spoke TLS. Asks as a client does, because what a file holds is not yet what is served.
 */
export async function servedNotAfter(host: string, port: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    // Whoever signed it: until when it holds is all that is asked, and nothing is sent.
    const socket = connect({ host, port, timeout: HANDSHAKE_MS, rejectUnauthorized: false });
    const settle = (said: string | undefined): void => {
      socket.destroy();
      resolve(said);
    };
    socket.once("secureConnect", () => settle(firstExpiry(socket.getPeerCertificate(true))));
    socket.once("timeout", () => settle(undefined));
    socket.once("error", () => settle(undefined));
  });
}

function firstExpiry(leaf: DetailedPeerCertificate): string | undefined {
  const seen = new Set<DetailedPeerCertificate>();
  let one: DetailedPeerCertificate | undefined = leaf;
  while (one !== undefined && !seen.has(one) && seen.size < CHAIN_MAX) {
    seen.add(one);
    one = one.issuerCertificate;
  }
  const ends = [...seen].map(({ valid_to: until }) => Date.parse(until)).filter(Number.isFinite);
  return ends.length === 0 ? undefined : new Date(Math.min(...ends)).toISOString();
}
