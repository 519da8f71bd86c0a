import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { z } from "zod";
import {
  applyReplySchema,
  defineReplySchema,
  helloSchema,
  leaseReplySchema,
  PROTOCOL_VERSION,
  releaseReplySchema,
  replySchema,
  requestSchema,
} from "./protocol.ts";

/** Of what the two ask and answer, by version: a row that was released is never changed. */
const KEPT: Readonly<Record<number, string>> = {
  2: "c621451144210f05",
  3: "3bb870db639c7853",
};

/** The same for schemas that say the same, in whatever order their fields stand. */
function shapeOf(schemas: Readonly<Record<string, z.ZodType>>): string {
  const read = new Set<unknown>();
  // A schema that has itself in it is read once, apart, so that nothing runs in a circle.
  const serialised = (value: unknown): string =>
    JSON.stringify(value, (key, inner: unknown) => {
      // What zod keeps beside a definition, and in it for itself, repeats it and grows with use.
      if (key.startsWith("_")) return undefined;
      if (typeof inner === "object" && inner !== null && "def" in inner) return { def: inner.def };
      if (key !== "getter" || typeof inner !== "function" || read.has(inner)) return inner;
      read.add(inner);
      return serialised(inner());
    });
  const shape = JSON.stringify(ordered(JSON.parse(serialised(schemas))));
  return createHash("sha256").update(shape).digest("hex").slice(0, 16);
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  if ("def" in value) return ordered(value.def);
  const entries = Object.entries(value).map(([key, of]) => [key, ordered(of)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

test("what a client and its supervisor say to each other is what its version says", () => {
  const shape = shapeOf({
    ...{ helloSchema, requestSchema, replySchema, leaseReplySchema, releaseReplySchema },
    ...{ defineReplySchema, applyReplySchema },
  });
  const asked = `it is ${shape} now: raise PROTOCOL_VERSION, then keep the new value`;
  assert.equal(KEPT[PROTOCOL_VERSION], shape, asked);
});

test("a field more, or another type, is another shape; another order is none", () => {
  const one = shapeOf({ one: z.object({ a: z.string(), b: z.number() }) });
  assert.equal(shapeOf({ one: z.object({ b: z.number(), a: z.string() }) }), one);
  assert.notEqual(shapeOf({ one: z.object({ a: z.string(), b: z.string() }) }), one);
  assert.notEqual(shapeOf({ one: z.object({ a: z.string(), b: z.number().optional() }) }), one);
  const more = { a: z.string(), b: z.number(), c: z.boolean() };
  assert.notEqual(shapeOf({ one: z.object(more) }), one);
  const nested = (leaf: z.ZodType): string =>
    shapeOf({ one: z.object({ in: z.lazy(() => leaf) }) });
  assert.notEqual(nested(z.string()), nested(z.number()));
});
