/** `host:port`, `[::1]:9090` or a URL as a program would dial it. */
export interface Address {
  readonly scheme: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly path: string | undefined;
}

/** Longer texts are no addresses. */
const CHARACTERS_MAX = 2000;

/** Undefined when it is none, or when a variable stands in it. */
export function addressOf(text: string): Address | undefined {
  if (text.length > CHARACTERS_MAX || /[${}<>\s]/.test(text)) return undefined;
  const cut = text.indexOf("://");
  const scheme = cut < 0 ? undefined : text.slice(0, cut).toLowerCase();
  const rest = cut < 0 ? text : text.slice(cut + 3);
  const slash = rest.search(/[/?#]/);
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? undefined : rest.slice(slash);
  const named = authority.slice(authority.lastIndexOf("@") + 1);
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(named);
  if (match === null) return undefined;
  const [, host = "", port] = match;
  return { scheme, host, port: port === undefined ? undefined : Number(port), path };
}
