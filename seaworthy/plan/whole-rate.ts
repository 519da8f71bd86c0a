import type { Edge } from "../system/system.ts";

export interface WholeRate {
  readonly requests: number;
  readonly per: "s" | "m";
  /** False: the declared rate is not a whole number of either, and this one is the next below. */
  readonly isExact: boolean;
}

/** A rate as nginx knows them: whole requests a second, or a minute (`limit_req_zone`). */
export function wholeRate(rate: NonNullable<Edge["limits"]["rate"]>): WholeRate {
  const perSecond = (rate.requests * 1_000) / rate.perMs;
  if (Number.isInteger(perSecond)) return { requests: perSecond, per: "s", isExact: true };
  const perMinute = (rate.requests * 60_000) / rate.perMs;
  const isExact = Number.isInteger(perMinute);
  return { requests: Math.max(1, Math.floor(perMinute)), per: "m", isExact };
}
