import type { Graph } from "../plan/graph.ts";
import type { Finding } from "../system/finding.ts";
import type { Parsed } from "../system/system.ts";
import { availabilityNotMet } from "./availability-not-met.ts";
import { bootTooShort } from "./boot-too-short.ts";
import { capacityExceeded } from "./capacity-exceeded.ts";
import { clientGivesUpFirst } from "./client-gives-up-first.ts";
import { connectionBudgetExceeded } from "./connection-budget-exceeded.ts";
import { connectionsNotMet } from "./connections-not-met.ts";
import { drainLongerThanStop } from "./drain-longer-than-stop.ts";
import { edgeCertificate } from "./edge-certificate.ts";
import { edgeProviderGap } from "./edge-provider-gap.ts";
import { freezeExposure } from "./freeze-exposure.ts";
import { healthIsReady } from "./health-is-ready.ts";
import { loadWithoutRoute } from "./load-without-route.ts";
import { memoryBudgetMismatch } from "./memory-budget-mismatch.ts";
import { missingBuild } from "./missing-build.ts";
import { nameClash } from "./name-clash.ts";
import { objectiveWithoutLoad } from "./objective-without-load.ts";
import { recoveryPointNotMet } from "./recovery-point-not-met.ts";
import { recoveryTimeNotMet } from "./recovery-time-not-met.ts";
import { retryBudget } from "./retry-budget.ts";
import type { Looked, Rule } from "./rule.ts";
import { singleReplica } from "./single-replica.ts";
import { storeGap } from "./store-gap.ts";
import { storeNotRedundant } from "./store-not-redundant.ts";
import { surgeZero } from "./surge-zero.ts";
import { terminationShorterThanWork } from "./termination-shorter-than-work.ts";

export const RULES: readonly Rule[] = [
  missingBuild,
  edgeCertificate,
  singleReplica,
  storeNotRedundant,
  availabilityNotMet,
  recoveryTimeNotMet,
  recoveryPointNotMet,
  connectionsNotMet,
  connectionBudgetExceeded,
  capacityExceeded,
  drainLongerThanStop,
  bootTooShort,
  retryBudget,
  loadWithoutRoute,
  nameClash,
  objectiveWithoutLoad,
  freezeExposure,
  healthIsReady,
  surgeZero,
  memoryBudgetMismatch,
  terminationShorterThanWork,
  clientGivesUpFirst,
  storeGap,
  edgeProviderGap,
];

/** What every rule has to say about one declaration, in the order of the rules. */
export function check(parsed: Parsed, graph: Graph, looked: Looked): readonly Finding[] {
  return RULES.flatMap((rule) => rule.check({ parsed, graph, ...looked }));
}
