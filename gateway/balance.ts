/** What choosing looks at. */
export interface Candidate {
  readonly inFlightTotal: number;
}

/** Rotates; skips what was tried. Undefined when every candidate was. */
export function roundRobin<Choice extends Candidate>(
  candidates: readonly Choice[],
  turn: number,
  tried: readonly Choice[],
): Choice | undefined {
  for (let step = 0; step < candidates.length; step += 1) {
    const candidate = candidates[(turn + step) % candidates.length];
    if (candidate !== undefined && !tried.includes(candidate)) return candidate;
  }
  return undefined;
}

/** The fewest requests in flight; equals take turns, so that an idle pool is used evenly. */
export function leastConnections<Choice extends Candidate>(
  candidates: readonly Choice[],
  turn: number,
  tried: readonly Choice[],
): Choice | undefined {
  let best: Choice | undefined;
  for (let step = 0; step < candidates.length; step += 1) {
    const candidate = candidates[(turn + step) % candidates.length];
    if (candidate === undefined || tried.includes(candidate)) continue;
    if (best === undefined || candidate.inFlightTotal < best.inFlightTotal) best = candidate;
  }
  return best;
}

/**
 * Who may get traffic: the healthy; without any, those not yet checked; without any, all (a broken
 * check must not take a whole service down: "panic mode").
 */
export function usable<Choice extends { readonly routed: boolean; readonly health: string }>(
  endpoints: readonly Choice[],
): readonly Choice[] {
  const routed = endpoints.filter((endpoint) => endpoint.routed);
  const healthy = routed.filter((endpoint) => endpoint.health === "healthy");
  if (healthy.length > 0) return healthy;
  const unknown = routed.filter((endpoint) => endpoint.health === "unknown");
  return unknown.length > 0 ? unknown : routed;
}

/** Ejecting one more leaves at least half of the routed endpoints usable. */
export function mayEject<Choice extends { readonly routed: boolean; readonly health: string }>(
  endpoints: readonly Choice[],
): boolean {
  const routed = endpoints.filter((endpoint) => endpoint.routed);
  const fit = routed.filter((one) => one.health === "healthy" || one.health === "unknown");
  return (fit.length - 1) * 2 >= routed.length;
}
