import { z } from "zod";
import { deadline } from "@seaworthy/std/clock";
import { poll } from "@seaworthy/std/retry";
import type { ObservedInstance } from "../plan/observed.ts";
import type { ClassCounts } from "../record/evidence.ts";
import type { FaultHandle } from "../record/fault.ts";
import type { JournalEntry } from "../record/journal.ts";
import { TargetError } from "../targets/target.ts";
import { unitSeen } from "./preflight.ts";
import type { DrillRequest } from "./request.ts";

const PREPARE_MS = 10_000;
/** The switch of a freeze is a process that starts first. */
const INJECT_MS = 30_000;
const UNDO_MS = 20_000;
/** A signal takes effect at once; the target may look only now and then. */
const SEEN_MS = 5_000;
const SEEN_EVERY_MS = 50;
/** So much later than our own undo does the dead man's switch act. */
const SWITCH_MARGIN_MS = 10_000;

export interface Injection {
  readonly wallMs: number;
  readonly inFlight: ClassCounts | undefined;
  /** What an observation apart from the injection saw; undefined: nothing proves it. */
  readonly seen: string | undefined;
}

export type Undo =
  | { readonly undone: true; readonly seen: string }
  | { readonly undone: false; readonly because: string };

export interface FaultOptions {
  readonly request: DrillRequest;
  readonly kind: "kill" | "freeze";
  readonly victim: ObservedInstance;
}

/** A fault from its preparation to its undo, which happens on every way out. */
export class FaultUnderWay implements AsyncDisposable {
  readonly #options: FaultOptions;
  readonly #handle: FaultHandle;
  #journalled = false;
  #undone: Promise<Undo> | undefined;

  private constructor(options: FaultOptions, handle: FaultHandle) {
    this.#options = options;
    this.#handle = handle;
  }

  static async prepare(options: FaultOptions): Promise<FaultUnderWay> {
    const { request, kind, victim } = options;
    const signal = deadline(PREPARE_MS, `preparing the ${kind}`, request.signal);
    const instance = victim.id;
    const forMs = request.parsed.system.drills.freezeMs + SWITCH_MARGIN_MS;
    const fault = kind === "freeze" ? { kind, instance, forMs } : { kind, instance };
    return new FaultUnderWay(options, await request.target.prepare(fault, signal));
  }

  /** Journals, breaks, and looks whether it happened. Throws `TargetError` when it did not. */
  async inject(): Promise<Injection> {
    const { request, kind, victim } = this.#options;
    const { target, lease, operation, emit, name } = request;
    const fault = this.#handle;
    await target.store.append("journal", {
      entry: "fault",
      operation,
      fault,
    } satisfies JournalEntry);
    this.#journalled = true;
    emit({ kind: "drill", drill: name, phase: "inject", detail: `${kind} ${victim.id}` });
    const signal = deadline(INJECT_MS, `the ${kind} of ${victim.id}`, request.signal);
    const askedWallMs = request.clock.wall();
    const step = { action: "inject", fault } as const;
    const result = await target.apply(step, { signal, epoch: lease.epoch });
    if (result.outcome === "failed") {
      const message = `the ${kind} of ${victim.id}: ${result.because}`;
      throw new TargetError("failed", message, { detail: result.detail });
    }
    const told = readInjection(result.detail);
    return {
      wallMs: told?.wallMs ?? askedWallMs,
      inFlight: told?.inFlight,
      seen: await this.#lookFor((now) => sawInjection({ kind, before: victim, now })),
    };
  }

  /** Idempotent; never throws: a fault that stays is a fact of the run, and of the journal. */
  undo(): Promise<Undo> {
    this.#undone ??= this.#undo().catch((error: unknown) => ({
      undone: false,
      because: error instanceof Error ? error.message : String(error),
    }));
    return this.#undone;
  }

  async #undo(): Promise<Undo> {
    const { request, kind, victim } = this.#options;
    const { target, lease, operation, emit, name } = request;
    const fault = this.#handle;
    emit({ kind: "drill", drill: name, phase: "undo", detail: `${kind} of ${victim.id}` });
    // Not the request's signal: whatever was stopped, this is done.
    const signal = deadline(UNDO_MS, `undoing the ${kind} of ${victim.id}`);
    const step = { action: "undo", fault } as const;
    const result = await target.apply(step, { signal, epoch: lease.epoch });
    if (result.outcome === "failed") return { undone: false, because: result.because };
    const seen = await this.#lookFor((now) => sawUndo({ kind, before: victim, now }));
    if (seen === undefined)
      return {
        undone: false,
        because: `${victim.id} is still ${kind === "freeze" ? "frozen" : "dead"}`,
      };
    await target.store.append("journal", {
      entry: "fault-undone",
      operation,
      faultId: fault.id,
      how: seen,
    } satisfies JournalEntry);
    return { undone: true, seen };
  }

  async #lookFor(
    judge: (now: ObservedInstance | undefined) => string | undefined,
  ): Promise<string | undefined> {
    const { request, victim } = this.#options;
    const signal = deadline(SEEN_MS, "another look");
    const look = async (): Promise<string | undefined> => {
      const observed = await request.target.observe(signal);
      const unit = unitSeen(observed, victim.unit);
      return judge(unit?.instances.find((instance) => instance.id === victim.id));
    };
    return await poll(look, { clock: request.clock, everyMs: SEEN_EVERY_MS, signal }).catch(
      (error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#journalled) await this.undo();
  }
}

interface Look {
  readonly kind: "kill" | "freeze";
  readonly before: ObservedInstance;
  readonly now: ObservedInstance | undefined;
}

/** What shows that the victim is broken; pure. */
export function sawInjection({ kind, before, now }: Look): string | undefined {
  if (kind === "freeze") {
    const frozen = now?.state === "frozen" && now.pid === before.pid;
    return frozen ? `${before.id} (pid ${before.pid}) is stopped` : undefined;
  }
  if (now === undefined) return `${before.id} is gone`;
  if (now.pid !== before.pid || now.state === "gone") {
    return `${before.id} is not pid ${before.pid} any more (${now.state})`;
  }
  return undefined;
}

/** What shows that nothing of the fault is left; a kill leaves nothing but a dead process. */
export function sawUndo({ kind, before, now }: Look): string | undefined {
  if (kind === "kill")
    return sawInjection({ kind, before, now }) ?? `${before.id} is ${now?.state}`;
  if (now === undefined) return `${before.id} was replaced`;
  if (now.state === "frozen") return undefined;
  return `${before.id} runs again (pid ${now.pid ?? "none"}, ${now.state})`;
}

const count = z.number().min(0);
const injectionSchema = z.object({
  wallMs: z.number().optional(),
  injectedWallMs: z.number().optional(),
  inFlight: z.object({ safe: count, idempotent: count, unsafe: count, stream: count }).optional(),
});

/** What the target says of its injection, in the detail of the step's result. */
export function readInjection(
  detail: string | undefined,
): { readonly wallMs: number | undefined; readonly inFlight: ClassCounts | undefined } | undefined {
  try {
    const told = injectionSchema.parse(JSON.parse(detail ?? ""));
    return { wallMs: told.wallMs ?? told.injectedWallMs, inFlight: told.inFlight };
  } catch {
    return undefined;
  }
}
