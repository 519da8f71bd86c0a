/** Reads data that people write by hand: what has another shape is refused, with its place. */
import assert from "node:assert/strict";

type Fields = Readonly<Record<string, unknown>>;

export function readList(value: unknown, where: string): readonly unknown[] {
  assert.ok(Array.isArray(value), `${where}: is no list`);
  return value;
}

/** The fields of an object, which are all among `known`: a misspelt one would be read as absent. */
export function readFields(value: unknown, where: string, known?: readonly string[]): Fields {
  assert.ok(typeof value === "object" && value !== null && !Array.isArray(value), `${where}: none`);
  const fields = Object.fromEntries(Object.entries(value));
  for (const name of Object.keys(fields)) {
    assert.ok(known === undefined || known.includes(name), `${where}: unknown field ${name}`);
  }
  return fields;
}

export function readText(value: unknown, where: string): string {
  assert.ok(typeof value === "string" && value.trim() !== "", `${where}: is no text`);
  return value;
}

/** A line number: whole, and from 1. */
export function readLine(value: unknown, where: string): number {
  assert.ok(typeof value === "number" && Number.isInteger(value) && value > 0, `${where}: no line`);
  return value;
}

export function readOneOf<T extends string>(
  value: unknown,
  allowed: readonly T[],
  where: string,
): T {
  const found = allowed.find((each) => each === value);
  assert.ok(found !== undefined, `${where}: is none of ${allowed.join(", ")}`);
  return found;
}
