import type { Graph } from "../plan/graph.ts";
import type { Finding } from "../system/finding.ts";
import type { Parsed } from "../system/system.ts";
import { bootTooShort } from "./boot-too-short.ts";
import { drainLongerThanStop } from "./drain-longer-than-stop.ts";
import { freezeExposure } from "./freeze-exposure.ts";
import { healthIsReady } from "./health-is-ready.ts";
import { loadWithoutRoute } from "./load-without-route.ts";
import { nameClash } from "./name-clash.ts";
import { objectiveWithoutLoad } from "./objective-without-load.ts";
import { retryBudget } from "./retry-budget.ts";
import type { Rule } from "./rule.ts";
import { singleReplica } from "./single-replica.ts";
import { surgeZero } from "./surge-zero.ts";

export const RULES: readonly Rule[] = [
  singleReplica,
  drainLongerThanStop,
  bootTooShort,
  retryBudget,
  loadWithoutRoute,
  nameClash,
  objectiveWithoutLoad,
  freezeExposure,
  healthIsReady,
  surgeZero,
];

/** What every rule has to say about one declaration, in the order of the rules. */
export function check(parsed: Parsed, graph: Graph): readonly Finding[] {
  return RULES.flatMap((rule) => rule.check({ parsed, graph }));
}
