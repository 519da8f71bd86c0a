import { formatDuration, humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { monthBudgetMs } from "./availability-promise.ts";
import type { Rule } from "./rule.ts";
import { isKnown, keepsState, membersField, takeoverField, takeoverOf } from "./store-facts.ts";

export const availabilityNotMet: Rule = {
  name: "availability-not-met",
  check: ({ parsed }) => {
    const { availability } = parsed.system.objectives;
    if (availability === undefined) return [];
    const budgetMs = monthBudgetMs(availability);
    return Object.values(parsed.system.stores).flatMap((store) => {
      const takeover = takeoverOf(store);
      const isJudged = keepsState(store) && isKnown(parsed, store, membersField(store));
      if (!isJudged || takeover === undefined || takeover.worstMs <= budgetMs) return [];
      return [
        {
          rule: "availability-not-met",
          severity: "error",
          message:
            `one failover of \`${store.name}\` takes up to ${formatDuration(takeover.worstMs)}, ` +
            `and ${humanPercent(availability)} allows ${humanDuration(budgetMs)} a month`,
          places: [
            { path: `stores.${store.name}.${takeoverField(store)}` },
            { path: "objectives.availability" },
          ],
          why: "The first lost machine of a month breaks the promise for the whole of it.",
          fix:
            takeover.floorMs <= budgetMs
              ? `Take over sooner (failover.after): ${formatDuration(takeover.floorMs)} at best.`
              : "Promise less: no setting of this store takes over that fast.",
        } as const,
      ];
    });
  },
};
