import { z } from "zod";

/**
 * Binds a schema to a written type in both directions: it reads nothing the type does not allow,
 * and it lacks no member of a union the type has (then the call needs a second argument, and
 * does not compile).
 */
export function schemaOf<Written>() {
  return <Schema extends z.ZodType<Written>>(
    schema: Schema,
    ..._complete: [Written] extends [z.output<Schema>] ? [] : ["the schema lacks a member"]
  ): z.ZodType<Written> => schema;
}

/** A required key whose value may be undefined: JSON drops it, reading puts it back. */
export function orUndefined<Value>(schema: z.ZodType<Value>) {
  return schema.optional().prefault(undefined);
}

export function list<Value>(schema: z.ZodType<Value>) {
  return z.array(schema).readonly();
}

/** Counts, ids, milliseconds: never negative. */
export const amount = z.number().min(0);
export const count = z.int().min(0);
