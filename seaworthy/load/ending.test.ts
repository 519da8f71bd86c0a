import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judge } from "./ending.ts";

describe("what an ending means", () => {
  test("only a whole 2xx answer is ok", () => {
    assert.equal(judge("safe", { kind: "answered", status: 204 }).outcome, "ok");
    for (const status of [302, 404, 429, 500, 503]) {
      assert.equal(judge("safe", { kind: "answered", status }).outcome, "failed");
    }
  });

  test("a write that was sent and not refused is unknown", () => {
    for (const kind of ["timeout", "reset", "cut"] as const) {
      assert.equal(judge("unsafe", { kind }).outcome, "unknown");
      assert.equal(judge("safe", { kind }).outcome, "failed");
      assert.equal(judge("idempotent", { kind }).outcome, "failed");
    }
    assert.equal(judge("unsafe", { kind: "answered", status: 503 }).outcome, "unknown");
    assert.equal(judge("unsafe", { kind: "answered", status: 303 }).outcome, "unknown");
  });

  test("a write that was refused or never sent is failed", () => {
    assert.equal(judge("unsafe", { kind: "answered", status: 409 }).outcome, "failed");
    assert.equal(judge("unsafe", { kind: "refused" }).outcome, "failed");
  });

  test("a stream that broke off was cut; another answer lost its body", () => {
    assert.equal(judge("stream", { kind: "cut" }).failure, "cut");
    assert.equal(judge("safe", { kind: "cut" }).failure, "body");
  });
});
