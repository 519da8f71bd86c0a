import type { ReleaseId } from "../record/release.ts";
import type { InstanceId } from "../record/step.ts";

interface Weighed {
  readonly id: InstanceId;
  readonly release: ReleaseId;
}

/**
 * Instance → its weight beside the others' in a switch: each release's share, spread evenly over
 * its instances; what is left of 1 goes evenly to the releases without one. All 1 without shares.
 */
export function weightsOf(
  routed: readonly Weighed[],
  shares: Readonly<Record<ReleaseId, number>> | undefined,
): ReadonlyMap<InstanceId, number> {
  if (shares === undefined) return new Map(routed.map(({ id }) => [id, 1]));
  const said = (release: ReleaseId): number | undefined =>
    Object.hasOwn(shares, release) ? shares[release] : undefined;
  const present = new Set(routed.map(({ release }) => release));
  const given = [...present].reduce((sum, release) => sum + (said(release) ?? 0), 0);
  const others = routed.filter(({ release }) => said(release) === undefined).length;
  const rest = Math.max(0, 1 - given);
  return new Map(
    routed.map(({ id, release }) => {
      const share = said(release);
      const alike = routed.filter((one) => one.release === release).length;
      return [id, share === undefined ? rest / others : share / alike];
    }),
  );
}
