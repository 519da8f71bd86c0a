import { isAlive, markedBy } from "../identity.ts";
import type { Crew } from "./crew.ts";
import { rearmSwitches } from "./faults.ts";
import { frontInstance } from "./paths.ts";
import { terminate } from "./terminate.ts";
import { isEmpty, type SupervisorState } from "./state.ts";

/**
 * Takes over what an earlier supervisor left: processes that run go on, missing ones are started
 * again, processes nobody wrote down are written down or ended, half-done stops are finished.
 */
export async function adopt(crew: Crew): Promise<void> {
  await nameTheUnrecorded(crew);
  await endStrays(crew);
  await rearmSwitches(crew.world);
  const { ledger } = crew.world;
  // An edge that refuses now is asked again by its keeper; the instances cannot wait for it.
  if (!isEmpty(ledger.state)) await crew.edge.push().catch(() => {});
  for (const record of Object.values(ledger.state.instances)) {
    if (record.phase === "stopping") void crew.end(record.id, STOP_AGAIN_MS).catch(() => {});
    else void crew.keep(record.id);
  }
}

/** The one who asked for the stop is gone, and with it how long it wanted to wait. */
const STOP_AGAIN_MS = 5_000;

/** Spawned, and the supervisor died before it wrote the identity: the intent names it. */
async function nameTheUnrecorded(crew: Crew): Promise<void> {
  const { ledger } = crew.world;
  const marked = markedBy(ledger.state.owner);
  const leaders = marked.filter(({ process }) => process.session === process.identity.pid);
  await ledger.record((state) => ({
    ...state,
    instances: Object.fromEntries(
      Object.entries(state.instances).map(([id, record]) => {
        if (record.identity !== undefined && isAlive(record.identity)) return [id, record];
        const found = leaders.find(({ mark }) => mark.instance === id);
        return [id, { ...record, identity: found?.process.identity }];
      }),
    ),
    jobs: jobsWithLeaders(state, leaders),
  }));
}

function jobsWithLeaders(
  state: SupervisorState,
  leaders: ReturnType<typeof markedBy>,
): SupervisorState["jobs"] {
  return Object.fromEntries(
    Object.entries(state.jobs).map(([key, record]) => {
      if (record.outcome !== "running" || record.identity !== undefined) return [key, record];
      const found = leaders.find(({ mark }) => mark.instance === record.instance);
      if (found !== undefined) return [key, { ...record, identity: found.process.identity }];
      return [key, { ...record, outcome: "unknown", because: "it ended while nobody watched" }];
    }),
  );
}

/** Marked as ours and named by nothing: left over from a stop or a start that was cut short. */
async function endStrays(crew: Crew): Promise<void> {
  const { state } = crew.world.ledger;
  const jobs = Object.values(state.jobs).map((job) => job.instance);
  const known = new Set([
    ...Object.keys(state.instances),
    ...jobs,
    ...(state.gateway.wanted ? ["edge"] : []),
    ...(state.front === undefined ? [] : [frontInstance(state.front.provider)]),
  ]);
  const strays = new Set(
    markedBy(state.owner)
      .map(({ mark }) => mark.instance)
      .filter((instance) => !known.has(instance) && !instance.startsWith("_")),
  );
  for (const instance of strays) {
    await terminate(crew.world, { instance, leader: undefined }, STOP_AGAIN_MS);
  }
}
