import { connect, createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream";

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** Passes every byte on, whatever it means: what is not impaired must not be changed. */
export function relay(upstream: Upstream): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    join(socket, connect({ ...upstream, allowHalfOpen: true }));
  });
}

/** Both ways; what breaks on one side breaks on the other. */
export function join(one: Socket, other: Socket): void {
  // A failure of either ends both, which is all that a relay can say of it.
  pipeline(one, other, () => {});
  pipeline(other, one, () => {});
}
