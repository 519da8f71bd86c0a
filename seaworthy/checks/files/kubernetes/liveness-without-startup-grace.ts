import type { Component, ProbeFact } from "../../../facts/fact.ts";
import type { Located } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { baseName, folderOf } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";

export const livenessWithoutStartupGrace: FileRule = {
  name: "liveness-without-startup-grace",
  summary: "a liveness probe kills what is still starting",
  check: (unit) => {
    const bare = unit.facts.of("component").flatMap((component) => liveOf(component) ?? []);
    const short = bare.flatMap((one) => tooShort(unit, one));
    const said = new Set(short.map(({ component }) => component));
    return [
      ...short.map(({ found }) => found),
      ...withoutGrace(bare.filter(({ component }) => !said.has(component))),
    ];
  },
};

interface Live {
  readonly component: Component;
  readonly probe: ProbeFact;
  /** From the start to the kill of a container that never answers. */
  readonly killMs: number;
}

/** Defaults of the API: no delay, every 10 s, three failures. */
function liveOf(component: Component): Live | undefined {
  const { platform, probes } = component;
  if (platform !== "kubernetes" || probes.some(({ purpose }) => purpose === "startup")) return;
  const probe = probes.find(({ purpose }) => purpose === "liveness");
  if (probe === undefined) return undefined;
  const { initialDelayMs = 0, periodMs = 10_000, failures = 3 } = probe;
  return { component, probe, killMs: initialDelayMs + periodMs * (failures - 1) };
}

/** The image itself asks for more time than the probe gives. */
function tooShort(
  unit: Unit,
  { component, probe, killMs }: Live,
): readonly { readonly component: Component; readonly found: Found }[] {
  const needed = startPeriod(unit, component);
  if (needed === undefined || killMs >= needed.value) return [];
  const found: Found = {
    severity: isSample(probe.at.as ?? probe.at.file) ? "note" : "warning",
    message:
      `liveness of ${component.name} kills it ${seconds(killMs)} after the start, ` +
      `but its own health check allows ${seconds(needed.value)} to start`,
    places: [probe.at, needed.at],
    why:
      "on a busy node the start takes longer: the pod is killed before it is up, again and " +
      "again, most of all during a deploy or after a node was lost",
    fix:
      `add a startupProbe with the same request, periodSeconds: 5 and failureThreshold: ` +
      `${String(Math.ceil((needed.value * 2) / 5000))}; then liveness needs no delay`,
  };
  return [{ component, found }];
}

function seconds(ms: number): string {
  return `${String(Math.round(ms / 1000))} s`;
}

/** `start_period` of Compose or of the image's HEALTHCHECK, where it is this component's. */
function startPeriod(unit: Unit, { name, image }: Component): Located<number> | undefined {
  for (const other of unit.repository.facts.of("component")) {
    const probe = other.probes.find(({ startPeriodMs }) => startPeriodMs !== undefined);
    if (other.name === name && other.platform === "compose" && probe !== undefined) {
      return { value: probe.startPeriodMs ?? 0, at: probe.at };
    }
  }
  const files = unit.repository.documents.of("dockerfile");
  const repository = baseName(image?.value.replace(/[:@].*$/, "") ?? "");
  const own = files.filter(({ file }) => baseName(folderOf(file.path)) === repository);
  const [only, second] = own.length > 0 ? own : files;
  if (only === undefined || second !== undefined) return undefined;
  const check = only.stages.at(-1)?.instructions.find(({ keyword }) => keyword === "HEALTHCHECK");
  const [, digits, unitOf = "s"] =
    /^(\d{1,5})(s|m)$/.exec(check?.flags.get("start-period") ?? "") ?? [];
  if (check === undefined || digits === undefined) return undefined;
  return { value: Number(digits) * (unitOf === "m" ? 60_000 : 1000), at: check.at };
}

/** One note for all: whether it is too short cannot be told from here. */
function withoutGrace(bare: readonly Live[]): readonly Found[] {
  const [first, ...others] = bare;
  if (first === undefined) return [];
  return [
    {
      severity: "note",
      message: `no startupProbe: ${listed(bare.map(({ component }) => component.name))}`,
      places: [first.probe.at, ...others.map(({ probe }) => probe.at)],
      why: "a start that is slower than usual is taken for a hang and killed",
      fix: "add a startupProbe that gives twice the slowest start that was seen",
    },
  ];
}
