import type { Finding } from "../system/finding.ts";
import type { Service } from "../system/system.ts";
import type { Store } from "../system/store.ts";
import { peakWhileRolling } from "./peak.ts";
import type { Rule } from "./rule.ts";
import { isKnown } from "./store-facts.ts";

/** PostgreSQL keeps `superuser_reserved_connections` (3) of `max_connections` for itself. */
const RESERVED = { postgres: 3, mariadb: 0, valkey: 0, nats: 0 } as const;

/** The pools of all instances, and of those that a roll adds, against what a store takes. */
export const connectionBudgetExceeded: Rule = {
  name: "connection-budget-exceeded",
  check: ({ parsed }) => {
    const services = Object.values(parsed.system.services);
    return Object.values(parsed.system.stores)
      .filter((store) => isKnown(parsed, store, "connections"))
      .flatMap((store) => exceeded(store, services));
  },
};

function exceeded(store: Store, services: readonly Service[]): readonly Finding[] {
  const { steady, rolling } = peakWhileRolling(services, ({ pools }) => pools[store.name] ?? 0);
  const usable = store.connections - RESERVED[store.provider];
  if (rolling <= usable) return [];
  const isAlways = steady > usable;
  const when = isAlways ? "" : " while one of them rolls";
  const pooled = services.filter(({ pools }) => pools[store.name] !== undefined);
  return [
    {
      rule: "connection-budget-exceeded",
      severity: isAlways ? "error" : "warning",
      message:
        `the pools open ${isAlways ? steady : rolling} connections to \`${store.name}\`${when}, ` +
        `which takes ${usable}`,
      places: [
        { path: `stores.${store.name}.connections` },
        ...pooled.map(({ name }) => ({ path: `services.${name}.pools.${store.name}` })),
      ],
      why: "The last instances to start get no connection: under load, or in the middle of a roll.",
      fix: `Smaller pools, or connections: ${rolling + store.connections - usable} and its memory.`,
    },
  ];
}
