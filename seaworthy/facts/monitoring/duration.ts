const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Longer texts are no durations; they are not looked at. */
const CHARACTERS_MAX = 40;

/** Prometheus's own duration (`1m30s`, `1d`) in milliseconds; undefined when it is none. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || text.length > CHARACTERS_MAX) return undefined;
  if (text === "0") return 0;
  if (!/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count = "", unit = ""] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) {
    sum += Number(count) * (UNITS_MS[unit] ?? 0);
  }
  return sum;
}
