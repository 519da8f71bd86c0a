import { strategyOf } from "../plan/strategy.ts";
import type { Service } from "../system/system.ts";

/**
 * What all instances need together: as declared, and while the service rolls that adds most.
 * Services roll one after the other; a surge of 0 is rolled as 1, blue-green is all once more.
 */
export function peakWhileRolling(
  services: readonly Service[],
  each: (service: Service) => number,
): { readonly steady: number; readonly rolling: number } {
  const steady = services.reduce((sum, service) => sum + service.replicas * each(service), 0);
  const extra = services.map((service) => surgeOf(service) * each(service));
  return { steady, rolling: steady + Math.max(0, ...extra) };
}

function surgeOf({ rollout: settings, replicas: count }: Service): number {
  const replicas = { from: count, to: count };
  return strategyOf({ settings, replicas, isFirst: false, isJudged: true }).surge;
}
