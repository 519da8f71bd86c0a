import { humanPercent } from "@seaworthy/std/ratio";
import type { Store } from "../system/store.ts";
import { AVAILABILITY_MIN } from "./availability-promise.ts";
import type { Rule } from "./rule.ts";
import { isKnown, keepsState, lossesSurvived, members, membersField } from "./store-facts.ts";

export const storeNotRedundant: Rule = {
  name: "store-not-redundant",
  check: ({ parsed }) => {
    const { availability } = parsed.system.objectives;
    if (availability === undefined || availability < AVAILABILITY_MIN) return [];
    return Object.values(parsed.system.stores)
      .filter((store) => isKnown(parsed, store, membersField(store)) && keepsState(store))
      .filter((store) => lossesSurvived(store) === 0)
      .map((store) => ({
        rule: "store-not-redundant",
        severity: "error",
        message:
          `${because(store)}, and the system promises ` +
          `availability of ${humanPercent(availability)}`,
        places: [
          { path: `stores.${store.name}.${membersField(store)}` },
          { path: "objectives.availability" },
        ],
        why: "When one machine is lost, no write succeeds until a person has mended it.",
        fix: fixOf(store),
      }));
  },
};

function because(store: Store): string {
  const count = members(store);
  if (count === 1) return `\`${store.name}\` is one process`;
  if ("synchronous" in store && store.synchronous !== undefined) {
    return `commits to \`${store.name}\` wait for every one of its replicas`;
  }
  return `\`${store.name}\` has ${count} members: of two no majority is left when one is lost`;
}

function fixOf(store: Store): string {
  if (store.provider === "nats") return "Write servers: 3.";
  if (store.provider === "mariadb" && store.mode === "galera") return "Write replicas: 2.";
  const waitsFor = "synchronous" in store ? (store.synchronous?.replicas ?? 0) : 0;
  return `Write replicas: ${waitsFor + 1} or more, or promise less.`;
}
