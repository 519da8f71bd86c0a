import assert from "node:assert/strict";
import { test } from "node:test";
import { suggestion } from "../../system/nearest.ts";
import {
  ignoredAnnotation,
  ingressAnnotations,
  ingressSources,
  isIngressAnnotation,
} from "./ingress-nginx.ts";

test("annotations of the manual are known, others are not", () => {
  for (const name of ["rewrite-target", "limit-rps", "proxy-body-size", "canary-weight"]) {
    assert.ok(isIngressAnnotation(name), name);
  }
  for (const name of ["rate-limit", "secure-backends", "rewrite-targets", "", "constructor"]) {
    assert.ok(!isIngressAnnotation(name), name);
  }
});

test("a slip of the pen finds its annotation", () => {
  assert.match(suggestion("rewrite-targets", ingressAnnotations()), /`rewrite-target`/u);
  assert.match(suggestion("ssl-redirct", ingressAnnotations()), /`ssl-redirect`/u);
});

test("what was given up or never there names what works, and that exists", () => {
  assert.deepEqual(ignoredAnnotation("secure-backends"), {
    successor: "backend-protocol",
    since: "0.21.0",
  });
  assert.deepEqual(ignoredAnnotation("rate-limit"), { successor: "limit-rps", since: "never" });
  assert.equal(ignoredAnnotation("rate-limit-window")?.successor, "limit-rpm");
  assert.equal(ignoredAnnotation("session-cookie-hash")?.successor, undefined);
  assert.equal(ignoredAnnotation("limit-rps"), undefined);
  for (const name of ["secure-backends", "rate-limit", "max-body-size", "sticky-sessions"]) {
    assert.ok(isIngressAnnotation(ignoredAnnotation(name)?.successor ?? ""), name);
  }
});

test("the list has a source", () => {
  assert.ok(ingressSources().length > 0);
});
