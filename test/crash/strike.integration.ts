import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import { strike } from "./strike.ts";

test("a blow that hits nobody, or only one of two, is none", async () => {
  const sleeper = () => spawn("sleep", ["60"], { stdio: "ignore" });
  const [one, other] = [sleeper(), sleeper()];
  const [first, second] = [one, other].map(({ pid }) => present(pid, "a pid"));
  const ended = [once(one, "exit"), once(other, "exit")];
  assert.equal(strike([]), false);
  assert.equal(strike([first!]), true);
  await ended[0];
  assert.equal(strike([first!]), false);
  assert.equal(strike([first!, second!]), false);
  await ended[1];
  assert.equal(strike([second!]), false);
});
