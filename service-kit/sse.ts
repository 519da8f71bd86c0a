import type { ServerResponse } from "node:http";

/**
 * A response of server-sent events (WHATWG HTML §9.2). Never buffers more than the socket's own
 * high-water mark: `send` waits until the client took what it was sent.
 */
export interface EventStream {
  /** Writes one or more `data:` events in a single write. False: the client is gone, stop. */
  send(...data: readonly string[]): boolean | Promise<boolean>;
  end(): void;
}

export function openEventStream(response: ServerResponse): EventStream {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    // nginx buffers a proxied response unless told not to.
    "x-accel-buffering": "no",
  });
  return {
    send: (...data) => {
      if (response.destroyed) return false;
      let events = "";
      for (const each of data) events += `data: ${each}\n\n`;
      return response.write(events) ? true : drained(response);
    },
    end: () => void response.end(),
  };
}

/** True when the client took everything, false when it went away. The idle limit bounds it. */
export function drained(response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onDrain = (): void => settle(true);
  const onClose = (): void => settle(false);
  const settle = (open: boolean): void => {
    response.off("drain", onDrain);
    response.off("close", onClose);
    resolve(open);
  };
  response.on("drain", onDrain);
  response.on("close", onClose);
  return promise;
}
