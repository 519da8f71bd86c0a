import { timestamp } from "@seaworthy/std/clock";
import { humanDuration } from "@seaworthy/std/duration";
import { freshId } from "@seaworthy/std/random";
import type { EventBody } from "../record/event.ts";
import type { Lease, Target } from "../targets/target.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";
import { progressFor } from "./progress/progress.ts";
import type { Invocation } from "./verb.ts";

/** Of interest while somebody watches; what came of it is an event of its own. */
const MOMENTARY: ReadonlySet<EventBody["kind"]> = new Set(["waiting", "step-started", "bake"]);
const LEASE_WAIT_MS = 20_000;

/** One verb that changes something: its lease, its name in the journal, its stream of events. */
export interface Operation extends AsyncDisposable {
  readonly id: string;
  readonly verb: string;
  readonly target: Target;
  readonly lease: Lease;
  readonly emit: (body: EventBody) => void;
  /** Aborts at the second Ctrl-C or when the lease is lost. */
  readonly signal: AbortSignal;
}

/** Takes the lease (exit 6 where somebody holds it) and opens the stream of events. */
export async function beginOperation(
  verb: string,
  target: Target,
  invocation: Invocation,
): Promise<Operation> {
  const { context } = invocation;
  const lease = await takeLease(verb, target, context);
  const progress = progressFor(context, invocation.options);
  const id = `${verb}-${freshId(4)}`;
  const recorded: { last: Promise<void>; lost: string | undefined } = {
    last: Promise.resolve(),
    lost: undefined,
  };
  const emit = (body: EventBody): void => {
    const event = { at: timestamp(context.clock), operation: id, ...body };
    progress.event(event);
    if (MOMENTARY.has(body.kind)) return;
    recorded.last = recorded.last
      .then(() => target.store.append("event", event))
      .catch((error: unknown) => {
        // The work goes on without its log; that it was lost is said at the end.
        recorded.lost = error instanceof Error ? error.message : "unknown";
      });
  };
  return {
    id,
    verb,
    target,
    lease,
    emit,
    signal: AbortSignal.any([context.interrupts.abort, lease.lost]),
    [Symbol.asyncDispose]: async () => {
      progress.end();
      await recorded.last;
      if (recorded.lost !== undefined) {
        context.terminal.say(`warning: some events could not be recorded: ${recorded.lost}\n`);
      }
      await lease[Symbol.asyncDispose]();
    },
  };
}

/** The lease, or exit 6 with who holds it. */
export async function takeLease(verb: string, target: Target, context: Context): Promise<Lease> {
  const signal = AbortSignal.any([AbortSignal.timeout(LEASE_WAIT_MS), context.interrupts.abort]);
  const outcome = await target.lease({ verb, ...context.owner }, signal);
  if (outcome.held) return outcome.lease;
  const { by } = outcome;
  const held = humanDuration(outcome.sinceMs);
  throw new Refusal(
    EXIT.locked,
    `${by.user}@${by.host} (pid ${by.pid}) is running '${by.verb}' here, for ${held}`,
    { fix: "wait until it ends; its lock goes with it, also when it is killed" },
  );
}
