import { createServer, IncomingMessage, type Server as PlainServer } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { SecureContextOptions } from "node:tls";
import { GatewayResponse } from "./answer.ts";
import type { Entrance } from "./traffic.ts";
import { isWebSocket } from "./upgrade.ts";

/** How often node:http looks for request heads that are late: the most by which 408 comes late. */
const HEAD_CHECK_MS = 500;

/**
 * TLS 1.3 and, of 1.2, what gives forward secrecy and authenticates what it encrypts (RFC 9325
 * §4.2). Node's own list also allows CBC, which has cost others several attacks.
 */
const SECURE = {
  minVersion: "TLSv1.2",
  ciphers: [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
  ].join(":"),
} as const satisfies SecureContextOptions;

const HTTP = {
  IncomingMessage,
  ServerResponse: GatewayResponse,
  connectionsCheckingInterval: HEAD_CHECK_MS,
  // Checked by the listener, so that the refusal carries an id.
  requireHostHeader: false,
  requestTimeout: 0,
  shouldUpgradeCallback: isWebSocket,
  noDelay: true,
};

export type ListenerServer =
  | {
      readonly scheme: "http";
      readonly server: PlainServer<typeof IncomingMessage, typeof GatewayResponse>;
    }
  | {
      readonly scheme: "https";
      readonly server: SecureServer<typeof IncomingMessage, typeof GatewayResponse>;
    };

/**
 * Not listening yet. Until a pair is served, every handshake with a secure one fails; one that
 * takes longer than `handshakeMs` does too.
 */
export function listenerServer(scheme: Entrance["scheme"], handshakeMs: number): ListenerServer {
  const secure = { ...SECURE, ALPNProtocols: ["http/1.1"], handshakeTimeout: handshakeMs };
  const made: ListenerServer =
    scheme === "http"
      ? { scheme, server: createServer(HTTP) }
      : { scheme, server: createSecureServer({ ...HTTP, ...secure }) };
  // Node drops what is beyond silently; HEADER_LINES_MAX refuses it instead.
  made.server.maxHeadersCount = 0;
  return made;
}

/** For handshakes from now on; tickets of the pair before are good for no other. */
export function servePair(
  made: ListenerServer,
  pair: { readonly certificate: string; readonly key: string },
): void {
  if (made.scheme === "http") return;
  made.server.setSecureContext({ ...SECURE, cert: pair.certificate, key: pair.key });
}
