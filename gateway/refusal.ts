/** What the gateway itself answers where it passes nothing on, or has nothing to pass back. */
export interface Refusal {
  readonly status: number;
  /** Stable, for machines; goes into the body, the log and the metrics. */
  readonly code: string;
  readonly message: string;
  /** Sent as `Retry-After`: only where nothing was done and trying again makes sense. */
  readonly retryAfterSeconds: number | undefined;
  /** What follows on the connection may not be the request it seems to be: it is closed. */
  readonly closes: boolean;
}

function refusal(status: number, code: string, message: string): Refusal {
  return { status, code, message, retryAfterSeconds: undefined, closes: false };
}

/** For requests that two readers may read in two ways (RFC 9112 §11.2), and whatever is near. */
function ending(status: number, code: string, message: string): Refusal {
  return { ...refusal(status, code, message), closes: true };
}

/** One second: as long as a restart or a check takes to bring an endpoint back. */
const RETRY_AFTER_SECONDS = 1;

export const REFUSALS = {
  malformed: ending(400, "malformed", "the request is not valid HTTP/1.1"),
  ambiguousLength: ending(400, "ambiguous-length", "the length of the body is given in two ways"),
  host: ending(400, "host", "exactly one valid Host header is required"),
  target: ending(400, "target", "the request target is not a plain absolute path"),
  noRoute: refusal(404, "no-route", "no route matches this path"),
  noInstance: refusal(404, "no-instance", "no instance of that name is behind this route"),
  headerTimeout: ending(408, "header-timeout", "the request head did not arrive in time"),
  bodyTimeout: refusal(408, "body-timeout", "the request body did not arrive in time"),
  bodyTooLarge: refusal(413, "body-too-large", "the request body is larger than allowed"),
  expectation: ending(417, "expectation", "only 100-continue can be expected"),
  targetTooLong: ending(414, "target-too-long", "the request target is longer than allowed"),
  handshake: ending(400, "handshake", "the WebSocket handshake is not valid (RFC 6455 section 4)"),
  rate: {
    ...refusal(429, "rate", "more requests come from this client than allowed"),
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  clientConnections: {
    ...ending(429, "client-connections", "this client has more connections open than allowed"),
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  pipelined: {
    ...ending(429, "pipelined", "more requests wait on this connection than allowed"),
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  headTooLarge: ending(431, "head-too-large", "the request head is larger than allowed"),
  upgrade: ending(501, "upgrade", "the only upgrade supported is websocket; tunnels are not"),
  transferCoding: ending(501, "transfer-coding", "the only transfer coding supported is chunked"),
  broken: refusal(502, "broken", "the service did not give a whole answer"),
  connections: {
    ...ending(503, "connections", "more connections are open than allowed"),
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  descriptors: {
    ...ending(503, "descriptors", "the gateway may not open more connections"),
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  noEndpoint: {
    ...refusal(503, "no-endpoint", "no instance of the service can be reached"),
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  version: ending(505, "version", "only HTTP/1.1 and HTTP/1.0 are spoken here"),
  timeout: refusal(504, "timeout", "the service did not answer in time; it may have acted"),
  cut: refusal(504, "cut", "the instance was withdrawn before it answered; it may have acted"),
} satisfies Record<string, Refusal>;

export function refusalBody(what: Refusal, requestId: string): string {
  return JSON.stringify({
    error: { code: what.code, message: what.message, status: what.status },
    requestId,
  });
}

/** A whole response for a socket on which no request could be read. Closes the connection. */
export function rawRefusal(what: Refusal, requestId: string): string {
  const body = refusalBody(what, requestId);
  return (
    `HTTP/1.1 ${what.status} ${what.code}\r\ncontent-type: application/json\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${requestId}\r\n` +
    `connection: close\r\n\r\n${body}`
  );
}
