import { assertNever } from "@seaworthy/std/assert";
import type { Socket } from "node:net";
import { noteAnswer, noteFailure, noteTaken } from "./account.ts";
import {
  addOwn,
  classOf,
  dispatchOptions,
  isRepeatable,
  NOTHING_TRIED,
  type Admitted,
  type Phase,
} from "./admitted.ts";
import { chooseEndpoint } from "./choice.ts";
import { CLIENT_CLOSED, refuseRequest, type ResponseOwner } from "./answer.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import type { Endpoint, RequestClass } from "./endpoint.ts";
import { Delivery } from "./delivery.ts";
import { readResponseHead } from "./headers.ts";
import { refusalFor } from "./failure.ts";
import { logLine } from "./log-line.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import { RequestBody, BODY_KEPT_BYTES_MAX, type BodyEvents } from "./request-body.ts";
import { mayRetry, type TryFailure } from "./retry.ts";
import { Timed } from "./timer-wheel.ts";
import type { Unflushed } from "./traffic.ts";
import { Tunnel } from "./tunnel.ts";
import { isAccepted } from "./upgrade.ts";

/** How long the last event of a stream that is to end may take to become whole. */
const LAST_EVENT_MS = 500;

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
  #isSilenceTimed = false;
  /** Set as soon as there is an answer to pass back. */
  #delivery: Delivery | undefined = undefined;

  constructor(admitted: Admitted) {
    super();
    const { traffic, route } = admitted;
    this.#in = admitted;
    this.#arrivedMs = traffic.clock.now();
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
    const { limits, clock } = traffic;
    this.#body = new RequestBody(request, this, { bytesMax: limits.bodyBytes, clock });
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
    if (this.#phase === "receiving") {
      traffic.wheel.schedule(this, this.#clientLateAtMs(now));
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
    attempt.dispatch(dispatchOptions(this.#in, this.#body?.whole() ?? this.#body?.open()));
  }

  /** A request that may not be repeated has the whole time for its one try. */
  #awaitAnswer(nowMs: number): void {
    const { traffic, route } = this.#in;
    const body = this.#body;
    const isClients = body?.waitsForClient === true;
    const ownAtMs = isClients ? this.#clientLateAtMs(nowMs) : nowMs + route.tryTimeoutMs;
    const isCapped = this.#isRepeatable || isClients;
    const deadlineMs = isCapped ? Math.min(this.#totalDeadlineMs, ownAtMs) : this.#totalDeadlineMs;
    traffic.wheel.schedule(this, deadlineMs);
  }

  #clientLateAtMs(nowMs: number): number {
    const { bodyMs } = this.#in.traffic.timeouts;
    return this.#body?.lateAtMs(bodyMs) ?? nowMs + bodyMs;
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
    noteTaken(attempt, reason);
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
    if (!isRetried) return this.#refuse(refusalFor(failure));
    this.#in.traffic.totals.retried(failure);
    if (attempt !== undefined) this.#tried = [...this.#tried, attempt.endpoint];
    const isWorthRepeating = failure !== "refused" && failure !== "withdrawn";
    this.#try(this.#in.traffic.clock.now(), isWorthRepeating);
  }

  // The answer.

  onHead(status: number, rawHeaders: readonly (Buffer | string)[]): void {
    const { response, traffic, request } = this.#in;
    const head = readResponseHead(rawHeaders);
    if (head.isBroken) {
      this.#attempt?.abandon();
      this.onFailure("malformed");
      return;
    }
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    addOwn(head, this.#in, attempt.endpoint);
    if (head.isStream && this.#class !== "stream") {
      this.#class = "stream";
      attempt.becomeStream();
    }
    // An unread rest of the body would be taken for the next request.
    if (traffic.isDraining || (this.#body !== undefined && !request.complete)) {
      response.shouldKeepAlive = false;
    }
    // Throws on what node:http will not send; undici then reports the attempt as failed.
    response.writeHead(status, head.headers);
    this.#phase = "answering";
    this.#delivery = new Delivery(response, head);
    if (!this.#delivery.isShort) traffic.flushSoon(this);
  }

  flushHead(): void {
    if (this.#phase !== "answering") return;
    this.#delivery?.flushHead();
    this.#keepWaiting();
  }

  onChunk(chunk: Buffer): void {
    const delivery = this.#delivery;
    if (delivery === undefined) return;
    const wasPaused = delivery.isPaused;
    if (delivery.take(chunk)) return;
    if (delivery.isOver) return this.#endStream();
    this.#keepWaiting();
    if (delivery.isPaused && !wasPaused) this.#attempt?.pause();
  }

  windUp(): boolean {
    const delivery = this.#delivery;
    if (this.#phase !== "answering" || delivery?.windUp() !== true) return false;
    if (delivery.isOver) this.#endStream();
    else this.#in.traffic.wheel.schedule(this, this.#in.traffic.clock.now() + LAST_EVENT_MS);
    return true;
  }

  #endStream(): void {
    this.#attempt?.abandon();
    this.#attempt = undefined;
    this.#breakOff("cut");
  }

  onRoom(): void {
    if (this.#delivery?.isPaused !== true) return;
    this.#delivery.isPaused = false;
    this.#keepWaiting();
    this.#attempt?.resume();
  }

  #keepWaiting(): void {
    // The last event of a stream has its own deadline.
    if (this.#delivery?.isEnding === true) return;
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
    this.#delivery?.end();
    traffic.wheel.schedule(this, now + route.idleMs);
    const status = response.statusCode;
    if (attempt !== undefined) noteAnswer({ attempt, status, admitted: this.#in, nowMs: now });
    this.#finish(status, undefined, attempt?.endpoint);
  }

  onUpgrade(rawHeaders: readonly (Buffer | string)[], upstream: Socket): void {
    const { traffic, upgrade } = this.#in;
    const attempt = this.#attempt;
    if (attempt === undefined || upgrade === undefined || !isAccepted(upgrade.key, rawHeaders)) {
      upstream.destroy();
      attempt?.end();
      this.onFailure("malformed");
      return;
    }
    this.#attempt = undefined;
    this.#phase = "done";
    traffic.wheel.cancel(this);
    const begun = { admitted: this.#in, arrivedMs: this.#arrivedMs, tries: this.#tries };
    new Tunnel({ ...begun, upgrade, attempt, upstream, rawHeaders }).open();
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
        if (this.#delivery?.isEnding === true) return this.#endStream();
        if (!this.#isSilenceTimed) {
          // The deadline for the head came while a short body was due: its silence begins now.
          this.flushHead();
          return;
        }
        this.#attempt?.abandon();
        // A client that does not read is not its endpoint's fault.
        if (this.#delivery?.isPaused === true) this.#breakOff("try-timeout");
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
    const clientDeadlineMs = this.#clientLateAtMs(nowMs);
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
    const isStream = this.#class === "stream" && this.#delivery?.isOpenEnded === true;
    if (failure === "cut" && isStream) response.end();
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
        bytesOut: this.#delivery?.bytes ?? 0,
      }),
    );
  }
}
