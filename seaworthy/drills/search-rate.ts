/** What one step of a search showed: at this rate the instance kept its limits, or did not. */
export interface Tried {
  readonly ratePerSecond: number;
  readonly held: boolean;
}

export interface Bounds {
  readonly firstPerSecond: number;
  /** No generator on this machine could say more. */
  readonly maxPerSecond: number;
}

/** Bounds the search: each step is some seconds of full load. */
export const STEPS_MAX = 12;
/** Between the highest rate that held and the lowest that did not: closer is noise. */
const CLOSE_ENOUGH = 1.15;
const FACTOR = 2;
const RATE_MIN = 1;

/**
 * The rate to try next: doubled until it breaks, then halved between (geometrically). Undefined
 * when it is known well enough, cannot be known better, or was tried often enough.
 */
export function nextRate(tried: readonly Tried[], bounds: Bounds): number | undefined {
  if (tried.length >= STEPS_MAX) return undefined;
  const most = mostHeld(tried);
  const broke = tried.filter(({ held }) => !held).map(({ ratePerSecond }) => ratePerSecond);
  const least = broke.length === 0 ? undefined : Math.min(...broke);
  if (least === undefined) {
    if (most === undefined) return Math.min(bounds.firstPerSecond, bounds.maxPerSecond);
    return most >= bounds.maxPerSecond ? undefined : Math.min(most * FACTOR, bounds.maxPerSecond);
  }
  if (most === undefined) return least / FACTOR < RATE_MIN ? undefined : least / FACTOR;
  // One that broke below one that held was chance: what held is what can be relied on.
  if (least <= most || least / most <= CLOSE_ENOUGH) return undefined;
  return Math.sqrt(least * most);
}

/** The highest rate that held, below the lowest that did not; undefined: none did. */
export function mostHeld(tried: readonly Tried[]): number | undefined {
  const broke = tried.filter(({ held }) => !held).map(({ ratePerSecond }) => ratePerSecond);
  const limit = broke.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...broke);
  const held = tried.filter((one) => one.held && one.ratePerSecond < limit);
  return held.length === 0 ? undefined : Math.max(...held.map((one) => one.ratePerSecond));
}

/** Instances for a demand, when each gives this much; undefined where it gives nothing. */
export function instancesFor(demand: number, each: number | undefined): number | undefined {
  if (each === undefined || each <= 0) return undefined;
  return Math.max(1, Math.ceil(Number((demand / each).toPrecision(12))));
}
