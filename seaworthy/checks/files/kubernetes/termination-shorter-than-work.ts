import type { Component } from "../../../facts/fact.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample } from "../monitoring/listing.ts";

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/; compose-spec, services. */
const GRACE_MS = { kubernetes: 30_000, compose: 10_000 } as const;
/** Shorter work is cut off rarely, and is repeated cheaply. */
const WORTH_MS = 5 * 60_000;

export const terminationShorterThanWork: FileRule = {
  name: "termination-shorter-than-work",
  summary: "a process is killed at each deploy before its work can end",
  check: (unit) => {
    const said = new Set<string>();
    return unit.facts.of("component").flatMap((component) => {
      const found = ofComponent(unit, component);
      if (found === undefined || said.has(found.message)) return [];
      said.add(found.message);
      return [found];
    });
  },
};

interface Work {
  readonly name: string;
  readonly ms: number;
  readonly at: Location;
  readonly stops: boolean;
}

function ofComponent(unit: Unit, component: Component): Found | undefined {
  const { platform, workload } = component;
  if (platform !== "kubernetes" && platform !== "compose") return undefined;
  // A job is not stopped by a deploy.
  if (workload === "Job" || workload === "CronJob") return undefined;
  const grace = component.stopGraceMs?.value ?? GRACE_MS[platform];
  const work = worksOf(unit, component)
    .filter(({ ms, stops }) => ms > grace && (stops || ms >= WORTH_MS))
    .toSorted((one, two) => two.ms - one.ms)[0];
  if (work === undefined) return undefined;
  const key = platform === "kubernetes" ? "terminationGracePeriodSeconds" : "stop_grace_period";
  const given = component.stopGraceMs === undefined ? " (the default)" : "";
  return {
    severity: isSample(component.at.as ?? component.at.file) ? "note" : "warning",
    message:
      `${component.name} is killed ${seconds(grace)} after it was told to stop${given}, ` +
      `but ${work.name} lets its work go on for ${seconds(work.ms)}`,
    places: [component.stopGraceMs?.at ?? component.at, work.at],
    why:
      "each deploy, node upgrade and scale-in kills work that is under way: it is lost or done " +
      "twice, and looks like a random failure",
    fix:
      `set ${key} above ${seconds(work.ms)}, or make the work save where it stands and go on ` +
      "after a restart; stop taking new work at SIGTERM",
  };
}

function seconds(ms: number): string {
  return ms >= 7_200_000 ? `${String(Math.round(ms / 3_600_000))} h` : `${String(ms / 1000)} s`;
}

/** Variables that say how long a piece of work may take, without a unit at their end. */
const WORK = [
  /(?:^|_)MAX_RUN_?TIME$/,
  /(?:^|_)(?:JOB|TASK|WORK|EXECUTION|RUN|PROCESSING)_(?:MAX_)?(?:TIMEOUT|TIME_LIMIT|DURATION)$/,
  /(?:^|_)MAX_(?:JOB|TASK|EXECUTION|PROCESSING)_(?:TIME|DURATION)$/,
];
/** …and how long an orderly stop may take. */
const STOP = /(?:^|_)(?:GRACEFUL_?(?:SHUTDOWN_?)?|SHUTDOWN_|DRAIN_)TIMEOUT$/;
const UNIT_AT_END = /_(?:MS|MILLIS|SECONDS|SECS?|S)$/;

function worksOf(unit: Unit, component: Component): readonly Work[] {
  const own = [...component.environment].flatMap(([name, { value, at }]) =>
    workOf(name, { value, at }),
  );
  const files = new Set(component.environmentFiles.map(({ value }) => value));
  const written = unit.documents.of("environment").flatMap((document) => {
    if (document.isTemplate) return [];
    const isMeant = files.has(document.file.path);
    return document.variables.flatMap(({ name, value, at }) =>
      isMeant || isNamedAfter(name, component) ? workOf(name, { value, at }) : [],
    );
  });
  return [...own, ...written];
}

/** `SHOP_MAX_RUNTIME` is for `shop` or `shop-worker`. */
function isNamedAfter(variable: string, { name }: Component): boolean {
  const [first = ""] = variable.toLowerCase().split("_");
  return first.length > 2 && name.toLowerCase().split(/[-_]/)[0] === first;
}

function workOf(
  name: string,
  { value, at }: { readonly value: string | undefined; readonly at: Location },
): readonly Work[] {
  const what = name.replace(UNIT_AT_END, "");
  const stops = STOP.test(what);
  const isWork = stops || WORK.some((pattern) => pattern.test(what));
  const ms = isWork ? millisecondsOf(name, value ?? "") : undefined;
  return ms === undefined ? [] : [{ name, ms, at, stops }];
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** `28800`, `8h`, `500ms`; a bare number is seconds unless the name says milliseconds. */
function millisecondsOf(name: string, text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const count = Number(digits);
  if (unit !== undefined) return count * (UNITS.get(unit) ?? 1);
  // Nothing runs for eleven days: so large a number is milliseconds.
  return /_(?:MS|MILLIS)$/.test(name) || count >= 1_000_000 ? count : count * 1000;
}
