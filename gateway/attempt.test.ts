import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dispatcher } from "undici";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import { Endpoint } from "./endpoint.ts";
import type { TryFailure } from "./retry.ts";

function anEndpoint(): Endpoint {
  const config = { id: "a1", release: "r1", host: "127.0.0.1", port: 1, routed: true, weight: 1 };
  return new Endpoint(config, "app", { connectMs: 100, known: undefined });
}

interface Heard {
  readonly failures: TryFailure[];
  readonly aborts: Error[];
}

function anAttempt(endpoint: Endpoint, heard: Heard): Attempt {
  const owner: AttemptOwner = {
    mayStart: (one) => one.routed,
    isMovable: true,
    takeAway: () => {},
    windUp: () => false,
    onUpgrade: () => {},
    onHead: () => {},
    onChunk: () => {},
    onEnd: () => {},
    onFailure: (failure) => heard.failures.push(failure),
  };
  return new Attempt(owner, endpoint, { nowMs: 0, requestClass: "unsafe" });
}

function aController(heard: Heard): Dispatcher.DispatchController {
  const abort = (reason: Error): void => {
    heard.aborts.push(reason);
  };
  const still = { aborted: false, paused: false, reason: null };
  return { ...still, abort, pause: () => {}, resume: () => {} };
}

test("what waited for a connection is not written to an endpoint that left the routes", () => {
  const heard: Heard = { failures: [], aborts: [] };
  const endpoint = anEndpoint();
  const attempt = anAttempt(endpoint, heard);
  assert.equal(endpoint.inFlightTotal, 1);
  endpoint.config = { ...endpoint.config, routed: false };
  attempt.onRequestStart(aController(heard));
  assert.deepEqual(heard.failures, ["withdrawn"]);
  assert.equal(heard.aborts.length, 1);
  assert.equal(attempt.isSent, false, "so that even a write may go elsewhere");
  assert.equal(endpoint.inFlightTotal, 0);
});

test("an abandoned attempt says nothing more, whenever its connection comes", () => {
  const heard: Heard = { failures: [], aborts: [] };
  const endpoint = anEndpoint();
  const attempt = anAttempt(endpoint, heard);
  attempt.abandon();
  assert.equal(endpoint.inFlightTotal, 0);
  const controller = aController(heard);
  attempt.onRequestStart(controller);
  attempt.onResponseError(controller, new Error("late"));
  assert.equal(heard.aborts.length, 1);
  assert.deepEqual(heard.failures, []);
});

test("what failed is told apart by whether it was sent", () => {
  const failureOf = (code: string, isSent: boolean): TryFailure | undefined => {
    const heard: Heard = { failures: [], aborts: [] };
    const attempt = anAttempt(anEndpoint(), heard);
    const controller = aController(heard);
    if (isSent) attempt.onRequestStart(controller);
    attempt.onResponseError(controller, Object.assign(new Error(code), { code }));
    return heard.failures[0];
  };
  assert.equal(failureOf("ECONNREFUSED", false), "refused");
  assert.equal(failureOf("UND_ERR_CONNECT_TIMEOUT", false), "connect-timeout");
  assert.equal(failureOf("EMFILE", false), "no-means", "the lack is our own");
  assert.equal(failureOf("UND_ERR_INVALID_ARG", false), "malformed");
  assert.equal(failureOf("ECONNRESET", true), "reset");
  assert.equal(failureOf("UND_ERR_SOCKET", true), "reset");
  assert.equal(failureOf("HPE_INVALID_CONSTANT", true), "malformed");
});
