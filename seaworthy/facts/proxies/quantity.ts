/** Milliseconds of one unit, as HAProxy (manual 2.4) and nginx (Appendix A) spell them. */
const MS = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const NGINX_MS = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;
const BYTES = { k: 1024, m: 1_048_576, g: 1_073_741_824 } as const;

/** HAProxy's time: a number without a unit is milliseconds. Undefined: it is no time. */
export function haproxyMs(text: string): number | undefined {
  const [, digits, unit = "ms"] = /^(\d{1,12})(us|ms|s|m|h|d)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (lookUp(MS, unit) ?? 1);
}

/** nginx's time: a number without a unit is seconds; `1m30s` adds up. */
export function nginxMs(text: string): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (!/^(\d{1,9}(ms|[smhdw]))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, digits, unit = ""] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    sum += Number(digits) * (lookUp(NGINX_MS, unit) ?? 0);
  }
  return sum;
}

/** nginx's size: bytes, or with `k`, `m`, `g`. */
export function nginxBytes(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
  return digits === undefined
    ? undefined
    : Number(digits) * (lookUp(BYTES, unit.toLowerCase()) ?? 1);
}

function lookUp(units: Readonly<Record<string, number>>, unit: string): number | undefined {
  return units[unit];
}

/** `host:port`, `[::1]:80`, `host`; without the brackets. */
export function hostAndPort(text: string): { readonly host: string; readonly port?: number } {
  const [, bracketed, bare, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? bare ?? text;
  return port === undefined ? { host } : { host, port: Number(port) };
}
