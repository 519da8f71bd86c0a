import type { DueDrill } from "../drills/due.ts";
import type { ObjectiveState } from "../drills/objectives.ts";
import type { Observed, ObservedTls, ObservedUnit } from "../plan/observed.ts";
import { subjectOf } from "../record/fault.ts";
import type { UnderWay } from "../record/under-way.ts";
import type { OpenSystem } from "./open-system.ts";
import type { Paint } from "./paint.ts";

export type ObjectiveLine = ObjectiveState;

/** One row a unit, then one a restless instance: what needs no attention takes no line. */
export function unitRows(system: OpenSystem, observed: Observed): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  for (const unit of observed.units) {
    if (unit.kind === "edge") continue;
    rows.push(unit.kind === "job" ? jobRow(unit) : unitRow(system, unit));
    for (const instance of unit.instances) {
      const isQuiet = instance.state === "ready" && instance.restarts === 0;
      if (isQuiet && instance.isolated === undefined) continue;
      rows.push([
        `  ${instance.id}`,
        instance.state,
        instance.release,
        [
          instance.isolated === undefined ? "" : `isolated: ${instance.isolated}`,
          instance.restarts === 0 ? "" : `${instance.restarts} restart(s)`,
          instance.because ?? "",
        ]
          .filter((text) => text !== "")
          .join(" · "),
      ]);
    }
  }
  return rows;
}

/** A job has no instances: how its last run ended is what one wants to know. */
function jobRow(unit: ObservedUnit): readonly string[] {
  const last = unit.runs?.at(-1);
  if (last === undefined) return [unit.name, "never ran", unit.committed ?? "", ""];
  const when = last.endedAt ?? last.startedAt ?? "";
  return [
    unit.name,
    `last run ${last.outcome}`,
    last.release,
    [when, last.because].join(" ").trim(),
  ];
}

function unitRow(system: OpenSystem, unit: ObservedUnit): readonly string[] {
  const ready = unit.instances.filter((instance) => instance.state === "ready").length;
  const releases = [...new Set(unit.instances.map((instance) => instance.release))];
  const declared = system.parsed.system.services[unit.name]?.replicas;
  const scaled =
    unit.scaleOverride === undefined
      ? ""
      : ` · scaled to ${unit.scaleOverride} (declared ${declared ?? "none"})`;
  return [
    unit.name,
    `${ready} of ${unit.desired} ready`,
    releases.join(" + ") || "nothing runs",
    `${unit.url ?? ""}${scaled}`,
  ];
}

const DAY_MS = 86_400_000;

/** How long the edge's certificate is good; undefined: it serves HTTP in the clear. */
export function certificateLine(tls: ObservedTls | undefined, nowMs: number): string | undefined {
  if (tls === undefined) return undefined;
  const left = tls.notAfter === undefined ? "is not known" : daysLeft(tls.notAfter, nowMs);
  const problem = tls.problem === undefined ? "" : ` · its files are not taken: ${tls.problem}`;
  return `certificate ${left}${problem}`;
}

function daysLeft(notAfter: string, nowMs: number): string {
  const days = Math.floor((Date.parse(notAfter) - nowMs) / DAY_MS);
  return days < 0 ? `expired on ${notAfter}` : `good for ${days} more days, until ${notAfter}`;
}

export function objectiveLine(state: ObjectiveState, paint: Paint): readonly string[] {
  const color = state.state === "held" ? "green" : state.state === "missed" ? "red" : "yellow";
  return [state.objective, state.declared, paint(color, state.state), state.because];
}

/** What was begun and not ended: somebody does it now, or did and died. */
export function underWayLines({ operation, verb, since, faults }: UnderWay): readonly string[] {
  const when = since === undefined ? "" : ` since ${since}`;
  const open = faults.map(({ fault }) => `open fault: ${fault.kind} of ${subjectOf(fault)}`);
  return [`begun and not ended: ${verb} (${operation})${when}; the next up sees to it`, ...open];
}

/** The shape of `status --json` (cli.md). */
export function statusJson(
  system: OpenSystem,
  observed: Observed,
  rest: {
    readonly objectives: readonly ObjectiveState[];
    readonly underWay: UnderWay | undefined;
    readonly schedule: readonly DueDrill[] | undefined;
  },
): object {
  const { objectives, underWay } = rest;
  const serving = observed.units.some((unit) => unit.instances.some((one) => one.routed));
  return {
    schemaVersion: 1,
    system: system.graph.system,
    environment: system.graph.environment ?? null,
    target: system.graph.platform,
    serving,
    edge: observed.edge?.addresses ?? [],
    certificate: certificateJson(observed.edge?.tls),
    inProgress: underWay === undefined ? null : { ...underWay, since: underWay.since ?? null },
    units: observed.units.map((unit) => ({
      name: unit.name,
      kind: unit.kind,
      release: unit.committed ?? null,
      desired: unit.desired,
      scaleOverride: unit.scaleOverride ?? null,
      ready: unit.instances.filter((instance) => instance.state === "ready").length,
      url: unit.url ?? null,
      instances: unit.instances.map((instance) => ({
        id: instance.id,
        state: instance.state,
        release: instance.release,
        routed: instance.routed,
        address: instance.address ?? null,
        pid: instance.pid ?? null,
        since: instance.since,
        restarts: instance.restarts,
        isolated: instance.isolated ?? null,
      })),
    })),
    objectives: objectives.map((objective) => ({
      ...objective,
      figure: objective.figure ?? null,
      at: objective.at ?? null,
      drill: objective.drill ?? null,
    })),
    drills:
      rest.schedule?.map((one) => ({
        ...one,
        lastAt: one.lastAt ?? null,
        dueAt: one.dueAt ?? null,
      })) ?? null,
  };
}

function certificateJson(tls: ObservedTls | undefined): object | null {
  if (tls === undefined) return null;
  const { certificateFile: file, notAfter, problem } = tls;
  return { file, notAfter: notAfter ?? null, problem: problem ?? null };
}
