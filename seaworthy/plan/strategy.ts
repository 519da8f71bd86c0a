import { formatDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import type { RolloutSettings } from "../system/system.ts";

/**
 * How a new release takes over, as a value: the machine reads these fields and knows no strategy
 * by its name (ADR 0008).
 */
export interface Strategy {
  /** Instances beyond the wanted number while rolling. */
  readonly surge: number;
  /** Old instances that stay, unrouted, until the release is committed. */
  readonly warm: number;
  /** Shares of the requests, rising, each judged before the next; then the rest follows. */
  readonly shares: readonly number[];
  /** Routed in one switch, when all of it is ready: beside nothing older. */
  readonly atOnce: boolean;
}

export interface Takeover {
  readonly settings: Pick<RolloutSettings, "strategy" | "canary" | "surge">;
  readonly replicas: { readonly from: number; readonly to: number };
  /** Nothing came before: the first half of it would take all the load. */
  readonly isFirst: boolean;
  /** A release that has its proof already is not tried on a share of the requests again. */
  readonly isJudged: boolean;
}

/** Surge 0 counts as 1: without room, capacity would have to fall. */
export function strategyOf({ settings, replicas, isFirst, isJudged }: Takeover): Strategy {
  const surge = Math.max(1, settings.surge);
  const rolling: Strategy = { surge, warm: surge, shares: [], atOnce: isFirst };
  switch (settings.strategy) {
    case "rolling":
      return rolling;
    case "blue-green": {
      if (isFirst) return rolling;
      const both = Math.max(surge, replicas.from, replicas.to);
      return { surge: both, warm: replicas.from, shares: [], atOnce: true };
    }
    case "canary":
      return isJudged ? { ...rolling, shares: settings.canary.map(({ share }) => share) } : rolling;
    default:
      return settings.strategy satisfies never;
  }
}

/** How long a new release is watched before it is committed, if nothing is inconclusive. */
export function watchedMs(
  settings: Pick<RolloutSettings, "strategy" | "canary" | "bakeMs">,
): number {
  const steps = settings.strategy === "canary" ? settings.canary : [];
  return steps.reduce((sum, { bakeMs }) => sum + bakeMs, settings.bakeMs);
}

/** `canary: 5 % for 30 s, 25 % for 30 s, then all for 30 s`; nothing for the plain way. */
export function strategyText(settings: RolloutSettings): string | undefined {
  const { strategy, canary, bakeMs } = settings;
  switch (strategy) {
    case "rolling":
      return undefined;
    case "blue-green":
      return `blue-green: all beside all, one switch, watched for ${formatDuration(bakeMs)}`;
    case "canary": {
      const steps = canary.map(
        (step) => `${humanPercent(step.share)} for ${formatDuration(step.bakeMs)}`,
      );
      return `canary: ${steps.join(", ")}, then all for ${formatDuration(bakeMs)}`;
    }
    default:
      return strategy satisfies never;
  }
}
