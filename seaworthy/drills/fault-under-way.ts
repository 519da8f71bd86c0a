import { z } from "zod";
import { deadline } from "@seaworthy/std/clock";
import { poll } from "@seaworthy/std/retry";
import type { ClassCounts } from "../record/evidence.ts";
import {
  lastsMs,
  subjectOf,
  type Fault,
  type FaultHandle,
  type FaultSight,
} from "../record/fault.ts";
import type { JournalEntry } from "../record/journal.ts";
import { TargetError } from "../targets/target.ts";
import type { DrillRequest } from "./request.ts";

const PREPARE_MS = 10_000;
/** The switch of a freeze is a process that starts first. */
const INJECT_MS = 30_000;
const UNDO_MS = 20_000;
/** A signal takes effect at once; the target may look only now and then. */
const SEEN_MS = 5_000;
const SEEN_EVERY_MS = 50;
/** So much later than our own undo does the dead man's switch act. */
export const SWITCH_MARGIN_MS = 10_000;

export interface Injection {
  readonly wallMs: number;
  /** From then until it was seen done: it happened somewhere between. */
  readonly tookMs: number;
  readonly inFlight: ClassCounts | undefined;
  /** What an observation apart from the injection saw; undefined: nothing proves it. */
  readonly seen: string | undefined;
}

export type Undo =
  | { readonly undone: true; readonly seen: string }
  | { readonly undone: false; readonly because: string };

export interface FaultOptions {
  readonly request: DrillRequest;
  readonly fault: Fault;
}

/** A fault from its preparation to its undo, which happens on every way out. */
export class FaultUnderWay implements AsyncDisposable {
  readonly #request: DrillRequest;
  readonly #handle: FaultHandle;
  /** `freeze of api-1`. */
  readonly #what: string;
  #journalled = false;
  #undone: Promise<Undo> | undefined;

  private constructor(request: DrillRequest, handle: FaultHandle) {
    this.#request = request;
    this.#handle = handle;
    this.#what = `${handle.fault.kind} of ${subjectOf(handle.fault)}`;
  }

  /** Throws `TargetError` where this cannot be broken here: nothing was touched then. */
  static async prepare({ request, fault }: FaultOptions): Promise<FaultUnderWay> {
    const signal = deadline(PREPARE_MS, `preparing the ${fault.kind}`, request.signal);
    return new FaultUnderWay(request, await request.target.prepare(fault, signal));
  }

  /** Journals, breaks, and looks whether it happened. Throws `TargetError` when it did not. */
  async inject(): Promise<Injection> {
    const { target, lease, operation, emit, name, clock } = this.#request;
    const fault = this.#handle;
    await target.store.append("journal", {
      entry: "fault",
      operation,
      fault,
    } satisfies JournalEntry);
    this.#journalled = true;
    const detail = `${fault.fault.kind} ${subjectOf(fault.fault)}`;
    emit({ kind: "drill", drill: name, phase: "inject", detail });
    const signal = deadline(INJECT_MS, `the ${this.#what}`, this.#request.signal);
    const askedWallMs = clock.wall();
    const step = { action: "inject", fault } as const;
    const result = await target.apply(step, { signal, epoch: lease.epoch });
    if (result.outcome === "failed") {
      const message = `the ${this.#what}: ${result.because}`;
      throw new TargetError("failed", message, { detail: result.detail });
    }
    const told = readInjection(result.detail);
    return {
      wallMs: told?.wallMs ?? askedWallMs,
      tookMs: told?.tookMs ?? 0,
      inFlight: told?.inFlight,
      seen: (await this.#lookUntil("in-force")).seen,
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
    const { target, lease, operation, emit, name } = this.#request;
    const fault = this.#handle;
    emit({ kind: "drill", drill: name, phase: "undo", detail: this.#what });
    // Not the request's signal: whatever was stopped, this is done.
    const signal = deadline(UNDO_MS, `undoing the ${this.#what}`);
    const step = { action: "undo", fault } as const;
    const result = await target.apply(step, { signal, epoch: lease.epoch });
    if (result.outcome === "failed") return { undone: false, because: result.because };
    const over = await this.#seenOver(result.detail);
    if (over.seen === undefined) {
      return { undone: false, because: `the ${this.#what} is still in force: ${over.last}` };
    }
    await target.store.append("journal", {
      entry: "fault-undone",
      operation,
      faultId: fault.id,
      how: over.seen,
    } satisfies JournalEntry);
    return { undone: true, seen: over.seen };
  }

  /** What was over at once is what it is: the target says what stands there now. */
  async #seenOver(told: string | undefined): Promise<Look> {
    if (lastsMs(this.#handle.fault) > 0) return await this.#lookUntil("over");
    return { seen: told ?? "nothing to undo", last: "" };
  }

  async #lookUntil(wanted: FaultSight["state"]): Promise<Look> {
    const { target, clock } = this.#request;
    const signal = deadline(SEEN_MS, "another look");
    let last = "nothing was seen";
    const look = async (): Promise<string | undefined> => {
      const sight = await target.witness(this.#handle, signal);
      last = sight.seen;
      return sight.state === wanted ? sight.seen : undefined;
    };
    const seen = await poll(look, { clock, everyMs: SEEN_EVERY_MS, signal }).catch(
      (error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      },
    );
    return { seen, last };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#journalled) await this.undo();
  }
}

interface Look {
  /** Undefined: not within the time in which it takes effect. */
  readonly seen: string | undefined;
  readonly last: string;
}

const count = z.number().min(0);
const injectionSchema = z.object({
  wallMs: z.number().optional(),
  injectedWallMs: z.number().optional(),
  tookMs: z.number().min(0).optional(),
  inFlight: z.object({ safe: count, idempotent: count, unsafe: count, stream: count }).optional(),
});

interface ToldInjection {
  readonly wallMs: number | undefined;
  readonly tookMs: number | undefined;
  readonly inFlight: ClassCounts | undefined;
}

/** What the target says of its injection, in the detail of the step's result. */
export function readInjection(detail: string | undefined): ToldInjection | undefined {
  try {
    const told = injectionSchema.parse(JSON.parse(detail ?? ""));
    const { tookMs, inFlight } = told;
    return { wallMs: told.wallMs ?? told.injectedWallMs, tookMs, inFlight };
  } catch {
    return undefined;
  }
}
