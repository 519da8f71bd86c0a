import { assertNever } from "@seaworthy/std/assert";
import type { Dispatcher } from "undici";
import { noteAnswer, noteFailure } from "./account.ts";
import { classOf, isRepeatable, NOTHING_TRIED, type Admitted, type Phase } from "./admitted.ts";
import { chooseEndpoint } from "./choice.ts";
import {
  CLIENT_CLOSED,
  HELD_BYTES_MAX,
  onResponseDrain,
  refuseRequest,
  type ResponseOwner,
} from "./answer.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import type { Endpoint, RequestClass } from "./endpoint.ts";
import { readResponseHead } from "./headers.ts";
import { refusalFor } from "./failure.ts";
import { logLine } from "./log-line.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import { RequestBody, BODY_KEPT_BYTES_MAX, type BodyEvents } from "./request-body.ts";
import { mayRetry, type TryFailure } from "./retry.ts";
import { Timed } from "./timer-wheel.ts";
import type { Unflushed } from "./traffic.ts";

/** The life of one request, from its checked head to the last byte of its answer. */
export class Exchange extends Timed implements AttemptOwner, ResponseOwner, Unflushed, BodyEvents {
  readonly #in: Admitted;
  readonly #arrivedMs: number;
  readonly #isRepeatable: boolean;
  #class: RequestClass;
  #phase: Phase = "waiting";
  #attempt: Attempt | undefined = undefined;
  #tried: readonly Endpoint[] = NOTHING_TRIED;
  #tries = 0;
  #body: RequestBody | undefined = undefined;
  #totalDeadlineMs: number;
  #progressMs: number;
  #held: Buffer | undefined = undefined;
  #contentLength = -1;
  #isPaused = false;
  #isSilenceTimed = false;
  #bytesOut = 0;

  constructor(admitted: Admitted) {
    super();
    const { traffic, route } = admitted;
    this.#in = admitted;
    this.#arrivedMs = traffic.clock.now();
    this.#progressMs = this.#arrivedMs;
    this.#totalDeadlineMs = this.#arrivedMs + route.timeoutMs;
    this.#isRepeatable = isRepeatable(admitted);
    this.#class = classOf(admitted);
    traffic.totals.active += 1;
    admitted.response.owner = this;
  }

  /** Sends it on at once, or as soon as its small body is here. */
  start(): void {
    const { head, request, traffic } = this.#in;
    if (!head.chunked && head.contentLength <= 0) {
      this.#try(this.#arrivedMs);
      return;
    }
    this.#body = new RequestBody(request, this, traffic.limits.bodyBytes);
    if (head.chunked || head.contentLength > BODY_KEPT_BYTES_MAX) {
      this.#try(this.#arrivedMs);
      return;
    }
    // Collected first: a slow client occupies no endpoint, and the body can be given again.
    this.#phase = "receiving";
    traffic.wheel.schedule(this, this.#arrivedMs + traffic.timeouts.bodyMs);
  }

  // The body, as it arrives.

  progress(): void {
    const { traffic, route } = this.#in;
    const now = traffic.clock.now();
    this.#progressMs = now;
    if (this.#phase === "receiving") {
      traffic.wheel.schedule(this, now + traffic.timeouts.bodyMs);
    } else if (this.#phase === "waiting") {
      this.#totalDeadlineMs = now + route.timeoutMs;
      this.#awaitAnswer(now);
    }
  }

  overflow(): void {
    if (this.#isOver) return;
    this.#attempt?.abandon();
    this.#refuse(REFUSALS.bodyTooLarge);
  }

  complete(): void {
    if (this.#phase === "receiving") {
      this.#phase = "waiting";
      const now = this.#in.traffic.clock.now();
      this.#totalDeadlineMs = now + this.#in.route.timeoutMs;
      this.#try(now);
    } else if (this.#phase === "waiting") {
      this.progress();
    }
  }

  // Attempts.

  #try(nowMs: number, mayRepeat = false): void {
    const endpoint = chooseEndpoint(this.#in, this.#tried, mayRepeat);
    if (endpoint === undefined) {
      this.#refuse(REFUSALS.noEndpoint);
      return;
    }
    this.#tries += 1;
    const attempt = new Attempt(this, endpoint, { nowMs, requestClass: this.#class });
    this.#attempt = attempt;
    this.#awaitAnswer(nowMs);
    attempt.dispatch(this.#dispatchOptions());
  }

  #dispatchOptions(): Dispatcher.DispatchOptions {
    const { head, target, request } = this.#in;
    const body = this.#body?.whole() ?? this.#body?.open();
    return {
      path: target.target,
      method: request.method ?? "GET",
      headers:
        body !== undefined && !Buffer.isBuffer(body) && head.contentLength >= 0
          ? [...head.forward, "content-length", String(head.contentLength)]
          : head.forward,
      body: body ?? null,
    };
  }

  /** A request that may not be repeated has the whole time for its one try. */
  #awaitAnswer(nowMs: number): void {
    const { traffic, route } = this.#in;
    const body = this.#body;
    const ownMs = body?.waitsForClient === true ? traffic.timeouts.bodyMs : route.tryTimeoutMs;
    const isCapped = this.#isRepeatable || body?.waitsForClient === true;
    const deadlineMs = isCapped
      ? Math.min(this.#totalDeadlineMs, nowMs + ownMs)
      : this.#totalDeadlineMs;
    traffic.wheel.schedule(this, deadlineMs);
  }

  mayStart(endpoint: Endpoint): boolean {
    return endpoint.routed || endpoint === this.#in.direct;
  }

  get #isOver(): boolean {
    return this.#phase === "flushing" || this.#phase === "done";
  }

  get isMovable(): boolean {
    return this.#phase === "waiting" && this.#mayRetry("endpoint-out");
  }

  #mayRetry(failure: TryFailure): boolean {
    return mayRetry({
      failure,
      sent: this.#attempt?.isSent ?? false,
      repeatable: this.#isRepeatable,
      bodyKept: this.#body?.isKept ?? true,
      tries: this.#tries,
      direct: this.#in.direct !== undefined,
    });
  }

  takeAway(reason: TryFailure): void {
    const attempt = this.#attempt;
    attempt?.abandon();
    if (attempt !== undefined) attempt.endpoint.failed[attempt.requestClass] += 1;
    this.#failed(reason);
  }

  onFailure(failure: TryFailure): void {
    const attempt = this.#attempt;
    if (attempt !== undefined) {
      noteFailure({ attempt, failure, admitted: this.#in });
      if (failure === "reset" && attempt.isReused && !this.#isRepeatable) {
        this.#in.traffic.totals.staleLosses += 1;
      }
    }
    this.#failed(failure);
  }

  #failed(failure: TryFailure): void {
    const attempt = this.#attempt;
    const isRetried = this.#mayRetry(failure);
    this.#attempt = undefined;
    if (this.#isOver) return;
    if (this.#phase === "answering") return this.#breakOff(failure);
    if (!isRetried) {
      this.#refuse(refusalFor(failure));
      return;
    }
    this.#in.traffic.totals.retried(failure);
    if (attempt !== undefined) this.#tried = [...this.#tried, attempt.endpoint];
    const isWorthRepeating = failure !== "refused" && failure !== "withdrawn";
    this.#try(this.#in.traffic.clock.now(), isWorthRepeating);
  }

  // The answer.

  onHead(status: number, rawHeaders: readonly (Buffer | string)[]): void {
    const { response, traffic, requestId, entrance, request } = this.#in;
    const head = readResponseHead(rawHeaders);
    if (head.isBroken) {
      this.#attempt?.abandon();
      this.onFailure("malformed");
      return;
    }
    head.headers.push("x-request-id", requestId);
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    if (entrance.kind === "inner") {
      const { id, release } = attempt.endpoint.config;
      head.headers.push("seaworthy-instance", id, "seaworthy-release", release);
    }
    if (head.isStream && this.#class !== "stream") {
      this.#class = "stream";
      attempt.becomeStream();
    }
    // An unread rest of the body would be taken for the next request.
    if (traffic.isDraining || (this.#body !== undefined && !request.complete)) {
      response.shouldKeepAlive = false;
    }
    this.#contentLength = head.contentLength;
    // Throws on what node:http will not send; undici then reports the attempt as failed.
    response.writeHead(status, head.headers);
    this.#phase = "answering";
    // A short answer is sent in one piece; its head has nothing to say before the body is here.
    if (head.contentLength < 0 || head.contentLength > HELD_BYTES_MAX) traffic.flushSoon(this);
  }

  flushHead(): void {
    if (this.#phase !== "answering") return;
    if (this.#bytesOut === 0) this.#in.response.flushHeaders();
    this.#keepWaiting();
  }

  onChunk(chunk: Buffer): void {
    // The whole body in one piece: its end is about to come, and both go out together.
    if (
      this.#bytesOut === 0 &&
      chunk.length === this.#contentLength &&
      chunk.length <= HELD_BYTES_MAX
    ) {
      this.#bytesOut = chunk.length;
      this.#held = chunk;
      return;
    }
    this.#bytesOut += chunk.length;
    this.#pass(chunk);
    this.#keepWaiting();
  }

  #pass(chunk: Buffer): void {
    const { response } = this.#in;
    if (response.write(chunk) || this.#isPaused) return;
    this.#isPaused = true;
    if (response.listenerCount("drain") === 0) response.on("drain", onResponseDrain);
    this.#attempt?.pause();
  }

  onRoom(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#keepWaiting();
    this.#attempt?.resume();
  }

  #keepWaiting(): void {
    const { traffic, route } = this.#in;
    this.#isSilenceTimed = true;
    traffic.wheel.schedule(this, traffic.clock.now() + route.idleMs);
  }

  onEnd(): void {
    const { response, traffic, route } = this.#in;
    const attempt = this.#attempt;
    this.#attempt = undefined;
    this.#phase = "flushing";
    const now = traffic.clock.now();
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) response.end();
    // As a string of bytes it goes out in one write with the head; as a buffer it would take two.
    else response.end(held.toString("latin1"), "latin1");
    traffic.wheel.schedule(this, now + route.idleMs);
    const status = response.statusCode;
    if (attempt !== undefined) noteAnswer({ attempt, status, admitted: this.#in, nowMs: now });
    this.#finish(status, undefined, attempt?.endpoint);
  }

  // Ends.

  override expire(nowMs: number): void {
    const { response } = this.#in;
    switch (this.#phase) {
      case "receiving":
        this.#refuse(REFUSALS.bodyTimeout);
        return;
      case "waiting":
        this.#expireWaiting(nowMs);
        return;
      case "answering":
        if (!this.#isSilenceTimed) {
          // The deadline for the head came while a short body was due: its silence begins now.
          this.flushHead();
          return;
        }
        this.#attempt?.abandon();
        // A client that does not read is not its endpoint's fault.
        if (this.#isPaused) this.#breakOff("try-timeout");
        else this.onFailure("try-timeout");
        return;
      case "flushing":
        // Nothing was taken for as long as a silence may last.
        response.destroy();
        return;
      case "done":
        return;
      default:
        assertNever(this.#phase);
    }
  }

  #expireWaiting(nowMs: number): void {
    const isClientLate = this.#body?.waitsForClient === true;
    const clientDeadlineMs = this.#progressMs + this.#in.traffic.timeouts.bodyMs;
    // It was the endpoint's turn when this deadline was set.
    if (isClientLate && nowMs < clientDeadlineMs) {
      return this.#in.traffic.wheel.schedule(this, clientDeadlineMs);
    }
    this.#attempt?.abandon();
    if (isClientLate) this.#refuse(REFUSALS.bodyTimeout);
    else this.onFailure(nowMs >= this.#totalDeadlineMs ? "total-timeout" : "try-timeout");
  }

  /** The head is out: the client must see that the answer is not whole. */
  #breakOff(failure: TryFailure): void {
    const { response } = this.#in;
    this.#phase = "flushing";
    // A stream cut on purpose ends like any stream: its client comes again by itself.
    if (failure === "cut" && this.#class === "stream" && this.#contentLength < 0) response.end();
    else response.destroy();
    this.#finish(response.statusCode, failure, undefined);
  }

  #refuse(what: Refusal): void {
    const { traffic, request, response, requestId } = this.#in;
    this.#attempt = undefined;
    this.#body?.discard();
    traffic.wheel.cancel(this);
    if (response.headersSent) {
      this.#breakOff("reset");
      return;
    }
    this.#phase = "done";
    refuseRequest(what, { traffic, request, response, requestId });
    this.#finish(what.status, what.code, undefined);
  }

  onClosed(): void {
    const { traffic, response } = this.#in;
    traffic.wheel.cancel(this);
    const wasOver = this.#isOver;
    this.#phase = "done";
    if (wasOver) return;
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abandon();
    traffic.totals.clientAborts += 1;
    const status = response.headersSent ? response.statusCode : CLIENT_CLOSED;
    this.#finish(status, "client-closed", attempt?.endpoint);
  }

  #finish(status: number, outcome: string | undefined, endpoint: Endpoint | undefined): void {
    const { traffic } = this.#in;
    traffic.totals.active -= 1;
    if (outcome === undefined) traffic.totals.answered(status);
    if (!traffic.accessLog.isOn) return;
    traffic.accessLog.write(
      logLine({
        at: traffic.stamp.now(),
        admitted: this.#in,
        status,
        outcome: outcome ?? "ok",
        endpoint,
        tookMs: traffic.clock.now() - this.#arrivedMs,
        tries: this.#tries,
        requestClass: this.#class,
        bytesIn: this.#body?.bytes ?? 0,
        bytesOut: this.#bytesOut,
      }),
    );
  }
}
