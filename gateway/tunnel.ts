import { assertNever } from "@seaworthy/std/assert";
import type { Socket } from "node:net";
import { addOwn, type Admitted } from "./admitted.ts";
import type { Attempt, AttemptHolder } from "./attempt.ts";
import { readResponseHead } from "./headers.ts";
import { logLine } from "./log-line.ts";
import { Timed } from "./timer-wheel.ts";
import { closeFrame, FrameTracker } from "./websocket-frames.ts";
import type { Upgrade } from "./upgrade.ts";

const SWITCHING_PROTOCOLS = 101;
/** How long a message that is half sent may take to become whole before its socket is closed. */
const BOUNDARY_MS = 500;
/**
 * For the client's own close frame and the service's end; RFC 6455 §7.1.1 names no time. With the
 * next it is over in the second that a drain leaves for goodbyes (wind-up.ts).
 */
const CLOSING_MS = 700;
/** For the last bytes of a side that has been ended. */
const ENDING_MS = 300;

/**
 * `open`: messages go both ways. `closing`: its close frame is due after the message that is being
 * sent. `closed`: the close frame is out; what the client still says is passed on, the service's
 * end is awaited. `ending`: both sides have been ended.
 */
type State = "open" | "closing" | "closed" | "ending";

export interface TunnelStart {
  readonly admitted: Admitted;
  readonly upgrade: Upgrade;
  readonly attempt: Attempt;
  readonly upstream: Socket;
  readonly rawHeaders: readonly (Buffer | string)[];
  readonly arrivedMs: number;
  readonly tries: number;
}

/** A WebSocket, from the service's consent to the end of both connections. */
export class Tunnel extends Timed implements AttemptHolder {
  readonly isMovable = false;
  readonly #start: TunnelStart;
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #frames = new FrameTracker();
  #state: State = "open";
  #outcome = "ok";
  #sidesOpen = 2;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(start: TunnelStart) {
    super();
    this.#start = start;
    this.#client = start.upgrade.socket;
    this.#upstream = start.upstream;
  }

  /** Passes the service's consent on and joins both connections. */
  open(): void {
    const { admitted, attempt, upgrade } = this.#start;
    admitted.response.owner = undefined;
    admitted.response.detachSocket(this.#client);
    admitted.traffic.totals.answered(SWITCHING_PROTOCOLS);
    attempt.handTo(this);
    this.#client.write(headOf(this.#start), "latin1");
    if (upgrade.first.length > 0) this.#toService(upgrade.first);
    this.#join();
    this.#keepWaiting();
  }

  #join(): void {
    const client = this.#client;
    const upstream = this.#upstream;
    client.on("data", (chunk: Buffer) => this.#toService(chunk));
    upstream.on("data", (chunk: Buffer) => this.#toClient(chunk));
    client.on("drain", () => upstream.resume());
    upstream.on("drain", () => client.resume());
    client.on("end", () => upstream.end());
    upstream.on("end", () => client.end());
    for (const side of [client, upstream]) {
      side.setTimeout(0);
      side.on("error", () => {});
      side.on("close", () => this.#sideClosed());
    }
  }

  #toService(chunk: Buffer): void {
    this.#bytesIn += chunk.length;
    this.#keepWaiting();
    if (!this.#upstream.write(chunk)) this.#client.pause();
  }

  #toClient(chunk: Buffer): void {
    const lastEnd = this.#frames.scan(chunk);
    switch (this.#state) {
      case "open":
        this.#write(chunk);
        this.#keepWaiting();
        return;
      case "closing":
        this.#write(lastEnd === -1 ? chunk : chunk.subarray(0, lastEnd));
        if (lastEnd !== -1) this.#sayGoodbye();
        return;
      case "closed":
      case "ending":
        // Nothing may follow a close frame.
        return;
      default:
        assertNever(this.#state);
    }
  }

  #write(chunk: Buffer): void {
    this.#bytesOut += chunk.length;
    if (!this.#client.write(chunk)) this.#upstream.pause();
  }

  #keepWaiting(): void {
    if (this.#state !== "open") return;
    const { traffic, route } = this.#start.admitted;
    traffic.wheel.schedule(this, traffic.clock.now() + route.idleMs);
  }

  #deadline(ms: number): void {
    const { traffic } = this.#start.admitted;
    traffic.wheel.schedule(this, traffic.clock.now() + ms);
  }

  windUp(): boolean {
    if (this.#state !== "open") return false;
    this.#outcome = "cut";
    this.#state = "closing";
    this.#deadline(BOUNDARY_MS);
    if (this.#frames.hasClosed) this.#end();
    else if (this.#frames.isBetweenMessages) this.#sayGoodbye();
    return true;
  }

  /** The client answers with its own close frame, by which the service learns of it. */
  #sayGoodbye(): void {
    this.#state = "closed";
    if (!this.#frames.hasClosed) this.#client.write(closeFrame());
    this.#deadline(CLOSING_MS);
  }

  /** `ms`: for what is still to be taken by the side that stays. */
  #end(ms = ENDING_MS): void {
    this.#state = "ending";
    this.#client.end();
    this.#upstream.end();
    // Unread bytes would keep an end from being seen.
    this.#client.resume();
    this.#upstream.resume();
    this.#deadline(ms);
  }

  takeAway(): void {
    this.#outcome = "cut";
    this.#start.attempt.endpoint.failed.stream += 1;
    this.#client.destroy();
    this.#upstream.destroy();
  }

  override expire(): void {
    if (this.#state === "ending") {
      this.#client.destroy();
      this.#upstream.destroy();
      return;
    }
    if (this.#state === "open") this.#outcome = "idle";
    this.#end();
  }

  #sideClosed(): void {
    this.#sidesOpen -= 1;
    const isWanted = this.#state === "open";
    if (this.#sidesOpen === 0) this.#finish();
    else this.#end(isWanted ? this.#start.admitted.route.idleMs : ENDING_MS);
  }

  #finish(): void {
    const { admitted, attempt, arrivedMs, tries } = this.#start;
    const { traffic } = admitted;
    traffic.wheel.cancel(this);
    attempt.end();
    traffic.totals.active -= 1;
    if (!traffic.accessLog.isOn) return;
    traffic.accessLog.write(
      logLine({
        ...{ at: traffic.stamp.now(), admitted, status: SWITCHING_PROTOCOLS, tries },
        ...{ outcome: this.#outcome, endpoint: attempt.endpoint, requestClass: "stream" },
        ...{ bytesIn: this.#bytesIn, bytesOut: this.#bytesOut },
        tookMs: traffic.clock.now() - arrivedMs,
      }),
    );
  }
}

/** Header values of undici hold no line ends: its parser would have refused the answer. */
function headOf({ admitted, attempt, rawHeaders }: TunnelStart): string {
  const answer = readResponseHead(rawHeaders);
  addOwn(answer, admitted, attempt.endpoint);
  const { headers } = answer;
  headers.push("connection", "Upgrade", "upgrade", "websocket");
  let head = "HTTP/1.1 101 Switching Protocols\r\n";
  for (let index = 0; index < headers.length; index += 2) {
    head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  }
  return `${head}\r\n`;
}
