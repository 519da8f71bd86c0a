import type { Dispatcher } from "undici";
import type { RequestClass } from "../system/system.ts";
import type { Ending } from "./ending.ts";

/** Where an SSE stream of the OpenAI kind says that it is whole. */
const DONE_MARK = "data: [DONE]";
/** Enough of a stream's end to hold the mark and the blank lines after it. */
const TAIL_BYTES = 64;

export interface ExchangeOptions {
  readonly index: number;
  readonly class: RequestClass;
  readonly dueMs: number;
  readonly sentMs: number;
  readonly write: string | undefined;
  /** Called once. */
  readonly ended: (exchange: Exchange, ending: Ending) => void;
}

/** One request on its way: from dispatch to its one ending. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly index: number;
  readonly class: RequestClass;
  readonly dueMs: number;
  readonly sentMs: number;
  readonly write: string | undefined;
  status: number | undefined;
  instance: string | undefined;
  release: string | undefined;
  /** Bytes arrived since the last sweep for silence. */
  stirred = false;
  quietSinceMs: number;
  readonly #ended: ExchangeOptions["ended"];
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #tail = "";

  constructor(options: ExchangeOptions) {
    this.index = options.index;
    this.class = options.class;
    this.dueMs = options.dueMs;
    this.sentMs = options.sentMs;
    this.quietSinceMs = options.dueMs;
    this.write = options.write;
    this.#ended = options.ended;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The client gave up while the connection was being made: nothing of it may be sent now.
    if (this.#over) controller.abort(new Error("given up"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) return;
    this.status = status;
    this.stirred = true;
    this.instance = single(headers["seaworthy-instance"]);
    this.release = single(headers["seaworthy-release"]);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.stirred = true;
    if (this.class !== "stream") return;
    const end = chunk.toString("latin1", Math.max(0, chunk.length - TAIL_BYTES));
    this.#tail = (this.#tail + end).slice(-TAIL_BYTES);
  }

  onResponseEnd(): void {
    this.#end(
      this.status === undefined ? { kind: "reset" } : { kind: "answered", status: this.status },
    );
  }

  onResponseError(): void {
    if (this.#controller === undefined) this.#end({ kind: "refused" });
    else if (this.status === undefined) this.#end({ kind: "reset" });
    else this.#end(this.saidDone ? { kind: "answered", status: this.status } : { kind: "cut" });
  }

  /** A stream's own word that it is whole. */
  get saidDone(): boolean {
    return this.class === "stream" && this.#tail.includes(DONE_MARK);
  }

  /** The client gives up now. */
  giveUp(ending: "timeout" | "open"): void {
    const sent = this.#controller !== undefined;
    const controller = this.#controller;
    this.#end(sent ? { kind: ending } : { kind: "refused" });
    controller?.abort(new Error("given up"));
  }

  #end(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended(this, ending);
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
