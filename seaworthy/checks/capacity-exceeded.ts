import { formatBytes } from "@seaworthy/std/bytes";
import type { Finding } from "../system/finding.ts";
import type { Resources, System } from "../system/system.ts";
import { peakWhileRolling } from "./peak.ts";
import type { Rule } from "./rule.ts";
import { members } from "./store-facts.ts";

/** What all instances may take, and what a roll or a job adds, against what the machines hold. */
export const capacityExceeded: Rule = {
  name: "capacity-exceeded",
  check: ({ parsed }) => {
    const { memoryBytes, cpu } = parsed.system.capacity;
    const memory = needOf(parsed.system, ({ memoryBytes: bytes }) => bytes ?? 0);
    const cores = needOf(parsed.system, (resources) => resources.cpu ?? 0);
    return [
      ...exceeded(memory, { has: memoryBytes, name: "memory", show: formatBytes }),
      ...exceeded(cores, { has: cpu, name: "cpu", show: (count) => `${count} cores` }),
    ];
  },
};

interface Need {
  readonly steady: number;
  readonly rolling: number;
}

/** Only what is declared counts, so the truth is never less. */
function needOf(system: System, each: (resources: Resources) => number): Need {
  const services = peakWhileRolling(Object.values(system.services), ({ resources }) =>
    each(resources),
  );
  const stores = Object.values(system.stores)
    .filter(({ external }) => external === undefined)
    .reduce((sum, store) => sum + members(store) * each(store.resources), 0);
  const job = Math.max(0, ...Object.values(system.jobs).map(({ resources }) => each(resources)));
  // A job runs before the roll that it belongs to.
  const rolling = Math.max(services.rolling, services.steady + job) + stores;
  return { steady: services.steady + stores, rolling };
}

function exceeded(
  need: Need,
  capacity: {
    readonly has: number | undefined;
    readonly name: "memory" | "cpu";
    readonly show: (amount: number) => string;
  },
): readonly Finding[] {
  const { has, name, show } = capacity;
  if (has === undefined || need.rolling <= has) return [];
  const isAlways = need.steady > has;
  const amount = show(isAlways ? need.steady : need.rolling);
  const when = isAlways ? "all instances together" : "a roll with what it adds";
  return [
    {
      rule: "capacity-exceeded",
      severity: isAlways && name === "memory" ? "error" : "warning",
      message: `${when} may take ${amount} of ${name}, and there are ${show(has)}`,
      places: [{ path: `capacity.${name}` }],
      why:
        name === "memory"
          ? "Out of memory, the kernel kills whoever is largest: mostly the database."
          : "Everything gets slower at once, health checks too, and healthy instances restart.",
      fix: isAlways
        ? "Fewer or smaller instances, or more machines."
        : "A smaller surge, smaller instances, or room for one more.",
    },
  ];
}
