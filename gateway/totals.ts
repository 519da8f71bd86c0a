import type { TryFailure } from "./retry.ts";

/** Counters of one worker that belong to no endpoint. Plain numbers: each request touches them. */
export class Totals {
  requests = 0;
  active = 0;
  /** Answers given, by status. */
  readonly statuses = new Map<number, number>();
  /** Answers of the gateway's own, by refusal code. */
  readonly refusals = new Map<string, number>();
  /** Tries made again, by why the one before failed. */
  readonly retries = new Map<TryFailure, number>();
  /** Clients that left before their answer was complete. */
  clientAborts = 0;
  /** Unsafe requests lost because a kept-alive connection closed as they were written. */
  staleLosses = 0;
  /** Requests and streams ended at a drain deadline. */
  cut = 0;
  /** Connections turned away, by the limit that was reached; most of them are told. */
  readonly connectionsRefused = new Map<string, number>();
  /** Those of them that were closed unheard. */
  connectionsDropped = 0;
  /** TLS handshakes that came to nothing. */
  handshakesFailed = 0;

  answered(status: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  turnedAway(code: string): void {
    this.connectionsRefused.set(code, (this.connectionsRefused.get(code) ?? 0) + 1);
  }

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  retried(failure: TryFailure): void {
    this.retries.set(failure, (this.retries.get(failure) ?? 0) + 1);
  }
}
