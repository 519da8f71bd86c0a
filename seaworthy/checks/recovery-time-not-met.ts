import { formatDuration } from "@seaworthy/std/duration";
import type { ServiceUnit } from "../plan/graph.ts";
import type { Finding } from "../system/finding.ts";
import type { Store } from "../system/store.ts";
import type { Parsed } from "../system/system.ts";
import type { Rule } from "./rule.ts";
import { isKnown, keepsState, membersField, takeoverField, takeoverOf } from "./store-facts.ts";

const PROMISE = { path: "objectives.recovery.time" };

/** A promised recovery time against what the mechanisms take at worst, from their own settings. */
export const recoveryTimeNotMet: Rule = {
  name: "recovery-time-not-met",
  check: ({ parsed, graph }) => {
    const promisedMs = parsed.system.objectives.recoveryTimeMs;
    if (promisedMs === undefined) return [];
    const services = graph.units.filter((unit) => unit.kind === "service");
    return [
      ...services.flatMap((unit) => frozen(unit, promisedMs)),
      ...Object.values(parsed.system.stores)
        .filter((store) => keepsState(store) && isKnown(parsed, store, membersField(store)))
        .flatMap((store) => storeFindings(store, promisedMs, parsed)),
    ];
  },
};

/** A frozen instance fails its health check, ignores SIGTERM, is killed and started again. */
function frozen(unit: ServiceUnit, promisedMs: number): readonly Finding[] {
  const { health, stopMs, restart, ready } = unit;
  const foundMs = health.everyMs * health.fall + health.timeoutMs;
  const backMs = stopMs + restart.backoffFirstMs + ready.everyMs * ready.rise;
  if (foundMs + backMs <= promisedMs) return [];
  return [
    {
      rule: "recovery-time-not-met",
      severity: "warning",
      message:
        `a frozen \`${unit.name}\` is replaced after up to ${formatDuration(foundMs + backMs)} ` +
        `and its own start; promised are ${formatDuration(promisedMs)}`,
      places: [
        { path: `services.${unit.name}.health` },
        { path: `services.${unit.name}.stop` },
        PROMISE,
      ],
      why: `Its checks take ${formatDuration(foundMs)}; what is frozen does not hear SIGTERM.`,
      fix: "Ask more often (health: every, timeout, fall), shorten `stop`, or promise more time.",
    },
  ];
}

function storeFindings(store: Store, promisedMs: number, parsed: Parsed): readonly Finding[] {
  const takeover = takeoverOf(store);
  if (takeover === undefined) return restoreOnly(store, promisedMs, parsed);
  if (takeover.worstMs <= promisedMs) return [];
  const isReachable = takeover.floorMs <= promisedMs;
  return [
    {
      rule: "recovery-time-not-met",
      severity: "error",
      message:
        `\`${store.name}\` takes over after up to ${formatDuration(takeover.worstMs)} ` +
        `(${takeover.how}); promised are ${formatDuration(promisedMs)}`,
      places: [{ path: `stores.${store.name}.${takeoverField(store)}` }, PROMISE],
      why: "Clients reconnect only after that: the outage is longer still, never shorter.",
      fix: isReachable
        ? `Shorten failover.after: at best it takes ${formatDuration(takeover.floorMs)}.`
        : `Promise ${formatDuration(takeover.worstMs)} or more: its floor is above the promise.`,
    },
  ];
}

/** Where nothing takes over, a restore is the recovery, and its time is known once measured. */
function restoreOnly(store: Store, promisedMs: number, parsed: Parsed): readonly Finding[] {
  if (store.backup === undefined && !isKnown(parsed, store, "backup")) return [];
  const hasBackup = store.backup !== undefined;
  const mechanism = hasBackup ? "a restore is its only recovery" : "there is no backup to restore";
  return [
    {
      rule: "recovery-time-not-met",
      severity: hasBackup ? "warning" : "error",
      message:
        `nothing takes over from \`${store.name}\`, and ${mechanism}; ` +
        `promised are ${formatDuration(promisedMs)}`,
      places: [{ path: `stores.${store.name}.${membersField(store)}` }, PROMISE],
      why: hasBackup
        ? "A restore takes the data's size over the disks' speed, and somebody who starts it."
        : "When its disk is lost, there is nothing to recover from.",
      fix: "Add a member that takes over, or promise what a measured restore takes.",
    },
  ];
}
