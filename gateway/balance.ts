/** What choosing looks at. */
export interface Candidate {
  readonly inFlightTotal: number;
  readonly weight: number;
}

/**
 * The fewest requests in flight for its weight, this one included; equals take turns, so that an
 * idle pool is used evenly.
 */
export function leastConnections<Choice extends Candidate>(
  candidates: readonly Choice[],
  turn: number,
  tried: readonly Choice[],
): Choice | undefined {
  let best: Choice | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < candidates.length; step += 1) {
    const candidate = candidates[(turn + step) % candidates.length];
    if (candidate === undefined || tried.includes(candidate)) continue;
    const load = (candidate.inFlightTotal + 1) / candidate.weight;
    if (load < least) {
      best = candidate;
      least = load;
    }
  }
  return best;
}

/** As far as it decides who gets traffic. */
export interface Member {
  readonly routed: boolean;
  readonly weight: number;
  readonly health: string;
}

/**
 * Who may get traffic: the healthy; without any, those not yet checked; without any, all (a broken
 * check must not take a whole service down: "panic mode"). Weight 0 takes none, whoever is left.
 */
export function usable<Choice extends Member>(endpoints: readonly Choice[]): readonly Choice[] {
  const taking = endpoints.filter(takesTraffic);
  const healthy = taking.filter((endpoint) => endpoint.health === "healthy");
  if (healthy.length > 0) return healthy;
  const unknown = taking.filter((endpoint) => endpoint.health === "unknown");
  return unknown.length > 0 ? unknown : taking;
}

/** Ejecting one more leaves at least half of those that take traffic usable. */
export function mayEject<Choice extends Member>(endpoints: readonly Choice[]): boolean {
  const taking = endpoints.filter(takesTraffic);
  const fit = taking.filter((one) => one.health === "healthy" || one.health === "unknown");
  return (fit.length - 1) * 2 >= taking.length;
}

function takesTraffic({ routed, weight }: Member): boolean {
  return routed && weight > 0;
}
