import type { ListenAddress } from "./system.ts";

const SHAPE = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/;

/** `127.0.0.1:0`, `[::1]:8080`, `localhost:80`; anything else is undefined. */
export function parseListen(text: string): ListenAddress | undefined {
  const [, written, digits] = SHAPE.exec(text) ?? [];
  const host = written?.replace(/^\[|\]$/g, "");
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** What `parseListen` reads back. */
export function formatListen({ host, port }: ListenAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
