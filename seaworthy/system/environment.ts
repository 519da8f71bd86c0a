import { isRecord, type Wrong } from "./reader.ts";
import { joinPath } from "./path.ts";
import { suggestion } from "./nearest.ts";

/** One environment laid over the rest: data merged deeply, leaves and lists replaced. */
export interface Overlaid {
  readonly merged: Readonly<Record<string, unknown>>;
  /** Declared paths whose value the environment gave. */
  readonly touched: ReadonlySet<string>;
  readonly faults: readonly { readonly path: string; readonly wrong: Wrong }[];
}

/** Where a name is a unit: an environment narrows units, it makes and drops none. */
const UNIT_MAPS: readonly string[] = ["services", "jobs", "stores"];
/** Objects that are one value; half of one and half of another would be nonsense. */
const WHOLE_VALUES = ["ref", "secret", "text", "json", "command"];

export function overlay(
  base: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, unknown>>,
): Overlaid {
  const faults: { path: string; wrong: Wrong }[] = [];
  const touched = new Set<string>();
  const merge = (below: unknown, above: unknown, path: string): unknown => {
    const isNoUnit = below === undefined && UNIT_MAPS.includes(path);
    const under = isNoUnit ? {} : spelledOut(below, path);
    const over = isRecord(under) ? spelledOut(above, path) : above;
    if (!isRecord(under) || !isRecord(over) || replacesWhole(under, over)) {
      touched.add(path);
      return above;
    }
    const merged = new Map(Object.entries(under));
    for (const [key, value] of Object.entries(over)) {
      const at = joinPath(path, key);
      const wrong = unitFault(path, key, { known: under, value });
      if (wrong === undefined) merged.set(key, merge(under[key], value, at));
      else faults.push({ path: at, wrong });
    }
    return Object.fromEntries(merged);
  };
  const merged = merge(base, environment, "");
  return { merged: isRecord(merged) ? merged : base, touched, faults };
}

/** `"/ready"` is `{ path: "/ready" }`, so that an environment can change one field of it. */
function spelledOut(value: unknown, path: string): unknown {
  if (typeof value !== "string") return value;
  if (/^services\.[^.[]+\.(health|ready)$/.test(path)) return { path: value };
  if (/^edge\.routes\["[^\]]*"\]$/.test(path)) return { to: value };
  return value;
}

function replacesWhole(
  under: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): boolean {
  const whole = (value: Readonly<Record<string, unknown>>): boolean => {
    const [key = "", extra] = Object.keys(value);
    return extra === undefined && WHOLE_VALUES.includes(key);
  };
  const otherRun =
    (Object.hasOwn(over, "image") && Object.hasOwn(under, "build")) ||
    (Object.hasOwn(over, "build") && Object.hasOwn(under, "image"));
  return otherRun || whole(under) || whole(over);
}

function unitFault(
  path: string,
  key: string,
  change: { readonly known: Readonly<Record<string, unknown>>; readonly value: unknown },
): Wrong | undefined {
  if (path === "" && (key === "name" || key === "environments")) {
    const message = `an environment cannot change \`${key}\``;
    return { rule: "environment-changes-units", message, fix: "Remove it from the environment." };
  }
  const isUnit = UNIT_MAPS.includes(path) || (path === "" && key === "edge");
  if (!isUnit) return undefined;
  const rule = "environment-changes-units";
  if (!Object.hasOwn(change.known, key)) {
    const hint = suggestion(key, Object.keys(change.known));
    const message = `an environment adds no unit: \`${key}\` is not declared. ${hint}`.trimEnd();
    return { rule, message, fix: `Declare \`${key}\` for all environments.` };
  }
  if (change.value !== null) return undefined;
  const message = `an environment removes no unit: \`${key}\``;
  return { rule, message, fix: "Give it fewer replicas, or make it a system of its own." };
}
