/** A promise of our own code was broken. Never shown as the user's fault; exit code 1. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant";
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BrokenInvariant(message);
}

/** Closes a switch over a union: a new member is a compile error where it is not handled. */
export function assertNever(value: never): never {
  throw new BrokenInvariant(`unhandled case: ${JSON.stringify(value)}`);
}

/** The value, where our own code guarantees that it is there. */
export function present<Value>(value: Value | undefined | null, what: string): Value {
  if (value === undefined || value === null) throw new BrokenInvariant(`${what} is missing`);
  return value;
}
