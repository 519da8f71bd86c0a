import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonOf } from "./reason.ts";

test("both errors of a failure at disposal are told, the first one first", async () => {
  const reason = await failureOf(async () => {
    await using _busy = {
      [Symbol.asyncDispose]: () => Promise.reject(new Error("it is busy", { cause: "EBUSY" })),
    };
    throw new Error("the promise is broken");
  });
  assert.deepEqual(messages(reason), [
    "SuppressedError: An error was suppressed during disposal",
    "  first: Error: the promise is broken",
    "  then, at disposal: Error: it is busy",
    "    caused by: 'EBUSY'",
  ]);
});

test("every one of several errors is told, with the causes of each", () => {
  const deep = new Error("outer", { cause: new Error("inner", { cause: new Error("innermost") }) });
  const reason = reasonOf(new AggregateError([deep, "no error at all"], "all of them"));
  assert.deepEqual(messages(reason), [
    "AggregateError: all of them",
    "  one of: Error: outer",
    "    caused by: Error: inner",
    "      caused by: Error: innermost",
    "  one of: 'no error at all'",
  ]);
});

test("errors that hold each other, and very many of them, come to an end", () => {
  const round = new Error("round");
  round.cause = round;
  assert.deepEqual(messages(reasonOf(round)), ["Error: round"]);
  const many = Array.from({ length: 1_000 }, (_, at) => new Error(`error ${at}`));
  const told = messages(reasonOf(new AggregateError(many)));
  assert.equal(told.length, 21);
  assert.equal(told.at(-1), "and more errors, not shown");
});

async function failureOf(work: () => Promise<void>): Promise<string> {
  return await work().then(
    () => assert.fail("it did not fail"),
    (error: unknown) => reasonOf(error),
  );
}

/** What is told but for the stacks. */
function messages(reason: string): readonly string[] {
  return reason.split("\n").filter((line) => !/^\s+at /.test(line));
}
