import type { Target } from "../../seaworthy/targets/target.ts";
import type { Step } from "../../seaworthy/record/step.ts";
import type { RecordKind, RecordStore } from "../../seaworthy/record/store.ts";
import type { Reaper } from "./reaper.ts";

/** What only looks; `close` ends the client's own connections. Everything else is mortal. */
type Looks = "platform" | "observe" | "describe" | "headroom" | "measure" | "prepare" | "witness";
type Mortal = Omit<Target, Looks | "logs" | "close">;

/** A target through which one process changes the world until its reaper strikes. */
export function mortalTarget(target: Target, reaper: Reaper): Target {
  const mortal: Mortal = {
    exec: (request, signal) => reaper.around("exec", () => target.exec(request, signal)),
    lease: (owner, signal) => reaper.around("lease", () => target.lease(owner, signal)),
    put: (release, unit, signal) =>
      reaper.around(`put ${unit.name}`, () => target.put(release, unit, signal)),
    define: (graph, context) => reaper.around("define", () => target.define(graph, context)),
    apply: (step, context) =>
      reaper.around(`apply ${nameOf(step)}`, () => target.apply(step, context)),
    store: mortalStore(target.store, reaper),
  };
  return overriding(target, mortal);
}

/** Events are told, not relied upon: what they say is not asked of them again. */
function mortalStore(store: RecordStore, reaper: Reaper): RecordStore {
  return {
    append: async (kind, body) => {
      const append = (): Promise<void> => store.append(kind, body);
      if (kind === "event") return await append();
      await reaper.around(`append ${entryName(kind, body)}`, append);
    },
    read: (kind) => store.read(kind),
  };
}

function nameOf(step: Step): string {
  const about = "instance" in step ? step.instance : "unit" in step ? step.unit : "";
  return `${step.action} ${about}`.trim();
}

function entryName(kind: RecordKind, body: unknown): string {
  const isEntry = typeof body === "object" && body !== null && "entry" in body;
  if (!isEntry) return kind;
  const step = "step" in body ? body.step : undefined;
  const hasAction = typeof step === "object" && step !== null && "action" in step;
  return `${String(body.entry)}${hasAction ? ` of ${String(step.action)}` : ""}`;
}

/**
 * The target with some members replaced. Each method keeps its own `this` (private fields need it);
 * a proxy would do the same, but V8 13.6 finds no `Symbol.asyncDispose` on one.
 */
function overriding(target: Target, instead: Partial<Target>): Target {
  const members: Record<string, unknown> = {};
  for (let level: object | null = target; level !== null && level !== Object.prototype; ) {
    for (const name of Object.getOwnPropertyNames(level)) {
      const own: unknown = Reflect.get(target, name);
      members[name] ??= typeof own === "function" ? own.bind(target) : own;
    }
    level = Reflect.getPrototypeOf(level);
  }
  return Object.assign(Object.create(null), members, instead);
}
