import { deadline } from "@seaworthy/std/clock";
import { isAlive, isStopped } from "../identity.ts";
import { definitionFor } from "./definitions.ts";
import type { EdgeKeeper } from "./edge-keeper.ts";
import { type SupervisorState, withInstance } from "./state.ts";
import type { World } from "./world.ts";

/**
 * The edge takes a change in milliseconds, nginx in tenths of a second. One that does not answer
 * must not keep alive for long what its health check has given up.
 */
const TELL_MS = 5_000;

interface Withdrawing {
  readonly world: Pick<World, "ledger">;
  readonly edge: Pick<EdgeKeeper, "push" | "status" | "drain">;
}

/**
 * Takes an instance that is to be ended for its health out of the edge, and lets what it was sent
 * end first, for as long as a stop would (`drain`, at most `stop`): a write on its way to it is
 * nobody's to repeat. Never throws; at `signal` it is over.
 *
 * The last one that serves stays where it is: it may answer the half of what it is asked, and
 * without it everything would be refused, for its drain besides its restart. So it is ended at
 * once, as if nobody stood before it. Nor does it wait for another one to come back: who declares a
 * health check wants what fails it restarted within a known time.
 */
export async function withdraw(
  { world, edge }: Withdrawing,
  instance: string,
  signal: AbortSignal,
): Promise<void> {
  const { ledger } = world;
  try {
    if (ledger.state.instances[instance]?.routed === true) {
      const told = deadline(TELL_MS, `the edge without ${instance}`, signal);
      const serving = await servingAtEdge(edge, told);
      await ledger.intend((state) =>
        hasOther(state, instance, serving)
          ? withInstance(state, instance, { withdrawn: "out" })
          : state,
      );
      if (ledger.state.instances[instance]?.withdrawn !== "out") return;
      await within(edge.push(), told);
    }
    await drained({ world, edge }, instance, signal);
  } catch {
    // A disk that is full or an edge that does not answer: what is sick is ended all the same.
  }
}

/** Ids of those that the edge believes to answer; none where it does not answer itself. */
async function servingAtEdge(
  edge: Withdrawing["edge"],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const endpoints = (await within(edge.status(), signal))?.endpoints ?? [];
  const serving = endpoints.filter(({ routed, health }) => routed && health === "healthy");
  return new Set(serving.map(({ id }) => id));
}

/** Does another one of its unit take requests, and go on to? */
function hasOther(
  { instances }: SupervisorState,
  instance: string,
  serving: ReadonlySet<string>,
): boolean {
  const unit = instances[instance]?.unit;
  return Object.values(instances).some(
    (one) =>
      one.unit === unit &&
      one.id !== instance &&
      one.routed &&
      one.withdrawn === undefined &&
      one.phase === "up" &&
      one.identity !== undefined &&
      isAlive(one.identity) &&
      !isStopped(one.identity) &&
      serving.has(one.id),
  );
}

/** What is frozen or dead will end nothing: there is nothing to wait for. */
async function drained(
  { world, edge }: Withdrawing,
  instance: string,
  signal: AbortSignal,
): Promise<void> {
  const { state } = world.ledger;
  const record = state.instances[instance];
  const unit = record === undefined ? undefined : definitionFor(state, record);
  const identity = record?.identity;
  if (unit === undefined || identity === undefined) return;
  if (!isAlive(identity) || isStopped(identity)) return;
  const deadlineMs = Math.min(unit.drainMs, unit.stopMs);
  const ended = deadline(deadlineMs + TELL_MS, `the last requests of ${instance}`, signal);
  await edge.drain({ instance, deadlineMs }, ended);
}

async function within<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const over = Promise.withResolvers<never>();
  // Whoever loses the race is waited for by nobody.
  over.promise.catch(() => {});
  work.catch(() => {});
  const abort = (): void => over.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
