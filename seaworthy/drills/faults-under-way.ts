import { NOTHING } from "../load/window.ts";
import type { ClassCounts } from "../record/evidence.ts";
import type { Fault } from "../record/fault.ts";
import { FaultUnderWay, type Injection, type Undo } from "./fault-under-way.ts";
import type { DrillRequest } from "./request.ts";

/** Faults that are one: struck together, undone last first, whatever becomes of the others. */
export class FaultsUnderWay implements AsyncDisposable {
  readonly #faults: readonly FaultUnderWay[];

  private constructor(faults: readonly FaultUnderWay[]) {
    this.#faults = faults;
  }

  /** Throws `TargetError` where one of them cannot be broken here: nothing was touched then. */
  static async prepare(request: DrillRequest, faults: readonly Fault[]): Promise<FaultsUnderWay> {
    const prepared: FaultUnderWay[] = [];
    for (const fault of faults) prepared.push(await FaultUnderWay.prepare({ request, fault }));
    return new FaultsUnderWay(prepared);
  }

  /** Seen only when every one was. Rejects when all have settled: then there is all to undo. */
  async inject(): Promise<Injection> {
    const settled = await Promise.allSettled(this.#faults.map((fault) => fault.inject()));
    const injected = settled.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
    const wallMs = Math.min(...injected.map((one) => one.wallMs));
    const seen = injected.map((one) => one.seen);
    return {
      wallMs,
      tookMs: Math.max(...injected.map((one) => one.wallMs + one.tookMs)) - wallMs,
      inFlight: sum(injected.map(({ inFlight }) => inFlight)),
      seen: seen.includes(undefined) ? undefined : seen.join("; "),
    };
  }

  /** Idempotent; never throws. */
  async undo(): Promise<Undo> {
    const undone: Undo[] = [];
    for (const fault of this.#faults.toReversed()) undone.push(await fault.undo());
    const stays = undone.flatMap((one) => (one.undone ? [] : [one.because]));
    if (stays.length > 0) return { undone: false, because: stays.join("; ") };
    const seen = undone.flatMap((one) => (one.undone ? [one.seen] : []));
    return { undone: true, seen: seen.join("; ") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const fault of this.#faults.toReversed()) await fault[Symbol.asyncDispose]();
  }
}

/** Undefined when the target could not say it of one of them. */
function sum(counts: readonly (ClassCounts | undefined)[]): ClassCounts | undefined {
  let all: ClassCounts | undefined = NOTHING;
  for (const one of counts) {
    if (one === undefined || all === undefined) return undefined;
    all = {
      safe: all.safe + one.safe,
      idempotent: all.idempotent + one.idempotent,
      unsafe: all.unsafe + one.unsafe,
      stream: all.stream + one.stream,
    };
  }
  return all;
}
