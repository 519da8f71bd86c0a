import { rm } from "node:fs/promises";
import { join } from "node:path";
import { assertNever } from "@seaworthy/std/assert";
import { timestamp } from "@seaworthy/std/clock";
import { EDGE_UNIT_NAME } from "../../../plan/graph.ts";
import type { Step, StepResult } from "../../../record/step.ts";
import { loadRelease } from "../release.ts";
import { addInstance } from "./add-instance.ts";
import { awaitReady } from "./await-ready.ts";
import type { Crew } from "./crew.ts";
import { definitionFor } from "./definitions.ts";
import { inject, undo } from "./faults.ts";
import { JOB_STOP_MS, runJob, settleJob } from "./jobs.ts";
import { takenPorts } from "./spawn-instance.ts";
import { withInstance, without, type InstanceRecord } from "./state.ts";
import { weightsOf } from "../../weights.ts";
import { terminate } from "./terminate.ts";

type Of<Action extends Step["action"]> = Extract<Step, { action: Action }>;

/** Does one step. Done twice, it has the effect of once. */
export async function applyStep(crew: Crew, step: Step, signal: AbortSignal): Promise<StepResult> {
  switch (step.action) {
    case "start":
      return await start(crew, step);
    case "await-ready":
      return await awaitStep(crew, step, signal);
    case "switch":
      return await switchTo(crew, step);
    case "isolate":
      return await isolate(crew, step);
    case "rejoin":
      return await rejoin(crew, step);
    case "drain":
      return await drain(crew, step, signal);
    case "stop":
      return await stop(crew, step);
    case "run-job":
      return await runJob(crew, step, signal);
    case "settle-job":
      return await settleJob(crew, step);
    case "commit":
      return await commit(crew, step);
    case "scale-override":
      return await scaleOverride(crew, step);
    case "inject":
      return await inject(crew.world, crew.edge, step.fault);
    case "undo":
      return await undo(crew.world, crew.edge, step.fault);
    case "remove":
      return await remove(crew, step);
    case "delete-volumes":
      return await deleteVolumes(crew);
    default:
      return assertNever(step);
  }
}

const DONE: StepResult = { outcome: "done" };

async function start(crew: Crew, step: Of<"start">): Promise<StepResult> {
  const { ledger, folder, clock, ports } = crew.world;
  const { unit, instance, release } = step;
  const known = ledger.state.instances[instance];
  if (known !== undefined && known.release !== release) {
    return failed(`${instance} runs ${known.release} already, not ${release}`);
  }
  if (known === undefined) {
    if (ledger.state.units[unit]?.kind !== "service") return failed(`${unit} is not defined here`);
    const number = numberOf(unit, instance);
    if (number === undefined) return failed(`${instance} is no name for an instance of ${unit}`);
    const next = ledger.state.nextInstance[unit] ?? 1;
    if (number < next) return failed(`${instance} was used before: the next is ${unit}-${next}`);
    await loadRelease(folder.releases, release);
    const port = await ports.choose(takenPorts(ledger.state));
    const record: InstanceRecord = {
      ...{ id: instance, unit, release, port, routed: false, phase: "starting", restarts: 0 },
      ...{ weight: 1, isolated: undefined, identity: undefined, because: undefined },
      since: timestamp(clock),
      spawnedWallMs: clock.wall(),
    };
    await ledger.intend((state) => addInstance(state, record, number));
  }
  const because = await crew.keep(instance).started;
  if (because !== undefined) {
    await crew.end(instance, 0);
    return failed(because);
  }
  await crew.edge.push();
  return DONE;
}

async function awaitStep(
  crew: Crew,
  { instance, deadlineMs }: Of<"await-ready">,
  signal: AbortSignal,
): Promise<StepResult> {
  const { state } = crew.world.ledger;
  const record = state.instances[instance];
  const unit = record === undefined ? undefined : definitionFor(state, record);
  if (record === undefined || unit === undefined) return noSuch(instance);
  const keeper = crew.keepers.get(instance);
  return await awaitReady(crew.world, crew.edge, { record, unit, keeper, deadlineMs, signal });
}

async function switchTo(crew: Crew, step: Of<"switch">): Promise<StepResult> {
  const { unit, instances, shares } = step;
  const { ledger } = crew.world;
  const known = Object.values(ledger.state.instances).filter((record) => record.unit === unit);
  const wanted = known.filter(({ id }) => instances.includes(id));
  const missing = instances.find((id) => !wanted.some((record) => record.id === id));
  if (missing !== undefined) return noSuch(missing);
  const apart = wanted.find(({ isolated }) => isolated !== undefined);
  if (apart !== undefined) return failed(`${apart.id} is isolated: ${apart.isolated}`);
  const weights = weightsOf(wanted, shares);
  await ledger.intend((state) => {
    const routing = known.map((record) => {
      const weight = weights.get(record.id);
      return { id: record.id, routed: weight !== undefined, weight: weight ?? 1 };
    });
    return routing.reduce((now, { id, ...change }) => withInstance(now, id, change), state);
  });
  const { generation } = await crew.edge.push();
  return { outcome: "done", detail: `the edge routes by generation ${generation}` };
}

/** It runs on, and nobody but a person who names it sends it requests. */
async function isolate(crew: Crew, { instance, because }: Of<"isolate">): Promise<StepResult> {
  const { ledger } = crew.world;
  if (ledger.state.instances[instance] === undefined) return noSuch(instance);
  await ledger.intend((state) =>
    withInstance(state, instance, { isolated: because, routed: false }),
  );
  const { generation } = await crew.edge.push();
  return { outcome: "done", detail: `the edge routes by generation ${generation}, without it` };
}

/** Routes it again; one that was not isolated stays as it is. */
async function rejoin(crew: Crew, { instance }: Of<"rejoin">): Promise<StepResult> {
  const { ledger } = crew.world;
  const record = ledger.state.instances[instance];
  if (record === undefined) return noSuch(instance);
  if (record.isolated === undefined) return { outcome: "done", detail: "it was not isolated" };
  await ledger.intend((state) =>
    withInstance(state, instance, { isolated: undefined, routed: true }),
  );
  const { generation } = await crew.edge.push();
  return { outcome: "done", detail: `the edge routes by generation ${generation}` };
}

async function drain(
  crew: Crew,
  { instance, deadlineMs }: Of<"drain">,
  signal: AbortSignal,
): Promise<StepResult> {
  const status = await crew.edge.status();
  if (!status?.endpoints.some(({ id }) => id === instance)) {
    return { outcome: "done", detail: `${instance} is not at the edge` };
  }
  const drained = await crew.edge.drain({ instance, deadlineMs }, signal);
  const how = drained.drained ? "drained" : `${drained.cut} cut at the deadline`;
  return { outcome: "done", detail: `${how} after ${Math.round(drained.tookMs)} ms` };
}

async function stop(crew: Crew, { instance, graceMs }: Of<"stop">): Promise<StepResult> {
  const record = crew.world.ledger.state.instances[instance];
  if (record === undefined) return { outcome: "done", detail: `${instance} is gone already` };
  await crew.end(instance, graceMs);
  return DONE;
}

async function commit(crew: Crew, { unit, release }: Of<"commit">): Promise<StepResult> {
  await crew.world.ledger.intend((state) => {
    const now = state.releases[unit];
    if (now?.committed === release) return state;
    const releases = { committed: release, previous: now?.committed };
    return { ...state, releases: { ...state.releases, [unit]: releases } };
  });
  return DONE;
}

async function scaleOverride(
  crew: Crew,
  { unit, replicas }: Of<"scale-override">,
): Promise<StepResult> {
  await crew.world.ledger.intend((state) => {
    const others = without(state.scaleOverrides, unit);
    const scaleOverrides = replicas === undefined ? others : { ...others, [unit]: replicas };
    return { ...state, scaleOverrides };
  });
  return DONE;
}

/** Instances first, then the definition: one that dies half-way still knows what it looks after. */
async function remove(crew: Crew, { unit }: Of<"remove">): Promise<StepResult> {
  const { ledger } = crew.world;
  const defined = ledger.state.units[unit];
  const records = Object.values(ledger.state.instances).filter((record) => record.unit === unit);
  const graceMs = defined?.kind === "service" ? defined.stopMs : 0;
  await crew.endAll(
    records.map(({ id }) => id),
    graceMs,
  );
  await endJobs(crew, unit);
  await crew.world.volumes.unmount(join(crew.world.folder.volumes, unit));
  await ledger.intend((state) => ({
    ...state,
    units: without(state.units, unit),
    releases: without(state.releases, unit),
    scaleOverrides: without(state.scaleOverrides, unit),
    graph:
      state.graph === undefined || unit !== EDGE_UNIT_NAME
        ? state.graph
        : { ...state.graph, edge: undefined },
  }));
  if (Object.keys(ledger.state.units).length > 0) {
    await crew.edge.push();
    return DONE;
  }
  await crew.edge.stop();
  await ledger.intend((state) => ({
    ...state,
    graph: undefined,
    ports: { public: [], inner: {} },
  }));
  return DONE;
}

/** Of a job whose client is gone, one may still run. */
async function endJobs({ world }: Crew, job: string): Promise<void> {
  for (const record of Object.values(world.ledger.state.jobs)) {
    if (record.job !== job || record.outcome !== "running") continue;
    const victim = { instance: record.instance, leader: record.identity };
    await terminate(world, victim, JOB_STOP_MS);
  }
}

async function deleteVolumes(crew: Crew): Promise<StepResult> {
  const { ledger, folder } = crew.world;
  if (Object.keys(ledger.state.units).length > 0) {
    return failed("volumes are deleted only after every unit was removed");
  }
  await crew.world.volumes.unmountAll(folder.volumes);
  await rm(folder.volumes, { recursive: true, force: true });
  // What jobs did is kept with the data they did it to, and goes with it.
  await ledger.intend((state) => ({ ...state, jobs: {} }));
  return DONE;
}

/** `<unit>-<number>` → the number. */
function numberOf(unit: string, instance: string): number | undefined {
  const match = /^(.*)-([1-9]\d*)$/.exec(instance);
  return match?.[1] === unit ? Number(match[2]) : undefined;
}

function noSuch(instance: string): StepResult {
  return failed(`there is no instance ${instance}`);
}

function failed(because: string): StepResult {
  return { outcome: "failed", because, detail: [] };
}
