/** Hosts of one value: a list longer than this is data. */
const ADDRESSES_MAX = 50;

/** Keys for addresses that others use to come here: nobody calls them from a pod. */
export function isOwnAddress(key: string): boolean {
  return (
    /cors|origin|redirect|callback|allowed|public|front_?end|listen|bind/i.test(key) ||
    /(?:^|[_.-])(?:from|mail|e-?mail|sender|reply)[_.-]?addr/i.test(key) ||
    /(?:root|external|site|app|self)_?url$|domain/i.test(key)
  );
}

/** A host that a setting names. */
interface Address {
  readonly scheme?: string;
  readonly host: string;
  readonly port?: number;
  readonly path?: string;
}

/** Keys whose value is a host even without a port. */
const HOST_KEY = /(?:^|[_.-])(?:hosts?|hostname|server|addr|address|endpoint)$/i;

/** The hosts that a value names: URLs, `host:port`, or a bare name under a key that says so. */
export function addressesIn(name: string, text: string): readonly Address[] {
  const [, scheme, rest = ""] = /^(?:jdbc:)?([a-z][a-z0-9+]{1,30}):\/\/(.*)$/i.exec(text) ?? [];
  if (scheme !== undefined) return fromUrl(scheme.toLowerCase(), rest);
  const parts = text
    .split(/[,;]/)
    .slice(0, ADDRESSES_MAX)
    .map((part) => part.trim());
  const found = parts.map((part) => fromHost(part, HOST_KEY.test(name)));
  return found.every((part) => part !== undefined) ? found : [];
}

function fromUrl(scheme: string, rest: string): readonly Address[] {
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const path = end < 0 || rest[end] !== "/" ? undefined : rest.slice(end).split(/[?#]/, 1)[0];
  const hosts = authority
    .slice(authority.lastIndexOf("@") + 1)
    .split(",")
    .slice(0, ADDRESSES_MAX);
  return hosts.flatMap((host) => {
    const address = fromHost(host, true);
    if (address === undefined) return [];
    return [{ scheme, ...address, ...(path === undefined ? {} : { path }) }];
  });
}

/** A name that DNS could hold, with a port unless `bare` allows none. */
function fromHost(text: string, bare: boolean): Address | undefined {
  const [, host, port] =
    /^([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?::(\d{2,5}))?$/i.exec(text) ?? [];
  if (host === undefined || (port === undefined && !bare)) return undefined;
  if (port !== undefined && !isPort(Number(port), bare)) return undefined;
  if (/^your[-_]|placeholder|change-?me|^x{3}/i.test(host)) return undefined;
  // A number, a version or a switch is no name.
  if (!/[a-z]/i.test(host) || /^(?:true|false|null|none|yes|no|on|off)$/i.test(host))
    return undefined;
  return port === undefined ? { host } : { host, port: Number(port) };
}

/** `node:18` is an image with its tag: below 100 only the ports that everybody knows. */
function isPort(port: number, bare: boolean): boolean {
  return port < 65_536 && (bare || port > 99 || [21, 22, 25, 53, 80].includes(port));
}
