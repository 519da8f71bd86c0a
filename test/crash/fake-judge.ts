import { readRecords } from "../../seaworthy/record/read.ts";
import type { RecordKind, RecordStore } from "../../seaworthy/record/store.ts";
import { openFaults, underWay } from "../../seaworthy/record/under-way.ts";
import type { FakeMachine } from "./fake-machine.ts";
import type { Declared, Ending } from "./fake-scenarios.ts";

/** Everything that is wrong with a machine on which a verb said that it ended like this. */
export async function complaints(
  machine: FakeMachine,
  ending: Exclude<Ending, { readonly end: "refused" }>,
  declared: Declared,
): Promise<readonly string[]> {
  const found = [...machine.sins, ...(await leftovers(machine))];
  const { units, edge } = machine.observed();
  if (ending.end === "gone") {
    if (units.length > 0) found.push(`${units.map(({ name }) => name).join(", ")} still there`);
    if (edge !== undefined) found.push("the edge is still there");
    return found;
  }
  const services = units.filter(({ kind }) => kind === "service");
  const wanted = declared.withoutApi === true ? ["web"] : ["api", "web"];
  const names = services.map(({ name }) => name).toSorted();
  if (names.join() !== wanted.join()) found.push(`services ${names.join()}, not ${wanted.join()}`);
  if (edge === undefined) found.push("there is no edge");
  const version = `v${ending.version}`;
  const versionOf = (release: string | undefined) => machine.versions.get(release ?? "");
  for (const { name, instances, committed } of services) {
    const count = name === "web" ? (ending.web ?? 2) : 2;
    const good = instances.filter(
      (one) => versionOf(one.release) === version && one.state === "ready" && one.routed,
    );
    if (good.length !== count || instances.length !== count) {
      const seen = instances.map(
        ({ id, release, state, routed }) =>
          `${id} ${versionOf(release)} ${state}${routed ? " routed" : ""}`,
      );
      found.push(`${name}: ${seen.join(", ") || "nothing"}; wanted ${count} of ${version}`);
    }
    if (versionOf(committed) !== version) {
      found.push(`${name}: ${versionOf(committed) ?? "nothing"} is committed, not ${version}`);
    }
  }
  return found;
}

/** What nobody wants and nobody will see to: open faults, open operations, jobs run twice. */
async function leftovers(machine: FakeMachine): Promise<readonly string[]> {
  const found: string[] = [];
  const journal = await readRecords(recordsOf(machine), "journal");
  const open = underWay(journal);
  if (open !== undefined) found.push(`${open.verb} (${open.operation}) is still under way`);
  if (openFaults(journal).length > 0) found.push("a fault is open in the journal");
  if (machine.frozen.length > 0) found.push(`${machine.frozen.join()} is frozen`);
  for (const [job, starts] of machine.jobStarts) {
    if (starts > 1) found.push(`${job} ran ${starts} times`);
  }
  for (const { drill, verdict, runs } of await readRecords(recordsOf(machine), "evidence")) {
    const unseen = runs.some((run) => run.injected === undefined || run.undone === undefined);
    if (verdict === "held" && unseen) found.push(`${drill} is held, and nothing was seen`);
  }
  return found;
}

/** What runs, as a text that differs when it differs. */
export function worldText(machine: FakeMachine): string {
  const { units, edge } = machine.observed();
  const told = units.map(({ name, committed, previous, scaleOverride, instances }) => [
    ...[name, committed, previous, scaleOverride],
    instances.map(({ id, release, routed }) => [id, release, routed]),
  ]);
  return JSON.stringify([told, edge]);
}

/** What was recorded on a machine, to be read. */
export function recordsOf(machine: FakeMachine): RecordStore {
  return {
    append: () => Promise.reject(new Error("only read here")),
    read: async (kind: RecordKind) => machine.records(kind),
  };
}

/** What `status --json` must say of a machine, and what it does say. */
export async function statusLies(
  machine: FakeMachine,
  { stdout, isHalfDone }: { readonly stdout: string; readonly isHalfDone: boolean },
): Promise<readonly string[]> {
  const told: {
    readonly inProgress: { readonly operation: string } | null;
    readonly units: readonly {
      readonly name: string;
      readonly instances: readonly { readonly id: string; readonly state: string }[];
    }[];
  } = JSON.parse(stdout);
  const found: string[] = [];
  const open = underWay(await readRecords(recordsOf(machine), "journal"));
  const said = told.inProgress?.operation;
  if (said !== open?.operation)
    found.push(`status says ${said} is under way, not ${open?.operation}`);
  // Not by the journal alone: that is written by the one who died.
  if (said === undefined && isHalfDone) found.push("status says that nothing is under way");
  const seen = (units: typeof told.units): string =>
    JSON.stringify(
      units.map((unit) => [unit.name, unit.instances.map(({ id, state }) => [id, state])]),
    );
  const is = seen(machine.observed().units);
  if (seen(told.units) !== is) found.push(`status says ${seen(told.units)}, there is ${is}`);
  return found;
}
