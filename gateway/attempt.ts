import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import type { Connection } from "./connections.ts";
import type { Endpoint, InFlight, RequestClass } from "./endpoint.ts";
import { OWN_LACKS, type TryFailure } from "./retry.ts";

/** Whose business it is that an attempt occupies its endpoint. */
export interface AttemptHolder {
  /** May it be taken back from its endpoint and given to another? */
  readonly isMovable: boolean;
  takeAway(reason: TryFailure): void;
  windUp(): boolean;
}

/** What an attempt tells the exchange it belongs to; nothing more once it was abandoned. */
export interface AttemptOwner extends AttemptHolder {
  /** False where the endpoint may no longer be given this request. */
  mayStart(endpoint: Endpoint): boolean;
  onHead(status: number, rawHeaders: readonly (Buffer | string)[]): void;
  onChunk(chunk: Buffer): void;
  onEnd(): void;
  /** The connection is no longer one for HTTP. Whoever takes it ends the attempt with it. */
  onUpgrade(rawHeaders: readonly (Buffer | string)[], upstream: Socket): void;
  onFailure(failure: TryFailure): void;
}

/** One try of a request at one endpoint: the handler that undici drives. */
export class Attempt implements Dispatcher.DispatchHandler, InFlight {
  readonly endpoint: Endpoint;
  place = -1;
  readonly startedMs: number;
  /** True from the moment its first byte may have been written. */
  isSent = false;
  /** It went out on a connection that had served before. */
  isReused = false;
  requestClass: RequestClass;
  readonly #owner: AttemptOwner;
  #holder: AttemptHolder;
  readonly #connection: Connection;
  #controller: Dispatcher.DispatchController | undefined = undefined;
  #isAbandoned = false;

  constructor(owner: AttemptOwner, endpoint: Endpoint, start: AttemptStart) {
    this.#owner = owner;
    this.#holder = owner;
    this.endpoint = endpoint;
    this.startedMs = start.nowMs;
    this.requestClass = start.requestClass;
    this.#connection = endpoint.connections.lease();
    endpoint.begin(this, start.requestClass, start.nowMs);
  }

  get isMovable(): boolean {
    return this.#holder.isMovable;
  }

  takeAway(reason: TryFailure): void {
    this.#holder.takeAway(reason);
  }

  windUp(): boolean {
    return this.#holder.windUp();
  }

  handTo(holder: AttemptHolder): void {
    this.#holder = holder;
  }

  dispatch(options: Dispatcher.DispatchOptions): void {
    this.#connection.client.dispatch(options, this);
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  becomeStream(): void {
    this.endpoint.reclassify(this.requestClass, "stream");
    this.requestClass = "stream";
  }

  /** It occupies its endpoint no longer. */
  end(): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.endpoint.end(this, this.requestClass);
  }

  /** Lets go of the endpoint now; whatever undici still says about it is not heard. */
  abandon(): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.endpoint.end(this, this.requestClass);
    // Without a controller it still waits for a connection: onRequestStart will refuse it.
    this.#controller?.abort(ABANDONED);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isAbandoned) {
      controller.abort(ABANDONED);
      return;
    }
    if (!this.#owner.mayStart(this.endpoint)) {
      this.#isAbandoned = true;
      this.endpoint.end(this, this.requestClass);
      controller.abort(ABANDONED);
      this.#owner.onFailure("withdrawn");
      return;
    }
    this.#controller = controller;
    this.isSent = true;
    this.isReused = this.#connection.served > 0;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    // Informational answers are for this hop: 100 was given by node:http, 103 is not passed on.
    if (status < 200 || this.#isAbandoned) return;
    const raw = controller.rawHeaders;
    this.#owner.onHead(status, Array.isArray(raw) ? raw : []);
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    _status: number,
    ...[, socket]: readonly [object, Duplex]
  ): void {
    socket.on("error", () => {});
    // The socket is no longer its client's.
    this.endpoint.connections.release(this.#connection, false);
    if (this.#isAbandoned || !(socket instanceof Socket)) {
      socket.destroy();
      return;
    }
    const raw = controller.rawHeaders;
    this.#owner.onUpgrade(Array.isArray(raw) ? raw : [], socket);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isAbandoned) this.#owner.onChunk(chunk);
  }

  onResponseEnd(): void {
    this.endpoint.connections.release(this.#connection, true);
    if (this.#isAbandoned) return;
    this.endpoint.end(this, this.requestClass);
    this.#owner.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.endpoint.connections.release(this.#connection, false);
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.endpoint.end(this, this.requestClass);
    this.#owner.onFailure(failureOf(error, this.isSent));
  }
}

export interface AttemptStart {
  readonly nowMs: number;
  readonly requestClass: RequestClass;
}

const ABANDONED = new Error("taken away from this endpoint");

const REFUSED_CODES: readonly string[] = [
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
];
const LOST_CODES: readonly string[] = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "UND_ERR_SOCKET"];

function failureOf(error: Error, isSent: boolean): TryFailure {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (REFUSED_CODES.includes(code)) return isSent ? "reset" : "refused";
  if (LOST_CODES.includes(code)) return isSent ? "reset" : "connect-timeout";
  if (isSent) return "malformed";
  if (OWN_LACKS.includes(code)) return "no-means";
  // What undici itself rejects would be rejected again; the rest (too slow) says nothing
  // certain about the endpoint.
  return code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED"
    ? "malformed"
    : "connect-timeout";
}
