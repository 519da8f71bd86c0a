/** What a value will be when the system runs; in a declaration only its name is known. */

/** Registered, so that two copies of this package understand each other. */
const MEANING = Symbol.for("seaworthy.reference");

/** Data form of a reference: `{ ref }`, `{ secret }` or `{ text }`; a store's is `{ ref }` too. */
export type ReferenceData =
  | { readonly ref: string }
  /** Which store: it gets its name where it is listed, which is later. */
  | { readonly store: symbol }
  | { readonly secret: string }
  | { readonly text: readonly unknown[] };

/** Throws wherever it is turned into text: the text would be wrong, silently. */
export interface Reference {
  readonly [MEANING]: ReferenceData;
}

declare const target: unique symbol;
declare const secrecy: unique symbol;

/** The address of a service; the type knows which. */
export interface Ref<Name extends string> extends Reference {
  readonly [target]?: Name;
}

/** Joined text; the type knows which services it speaks of. */
export interface Text<Name extends string> extends Reference {
  readonly [target]?: Name;
}

export interface Secret extends Reference {
  readonly [secrecy]?: true;
  readonly [target]?: never;
}

/** The address of a store. */
export interface StoreUrl extends Reference {
  readonly [secrecy]?: false;
  readonly [target]?: never;
}

/** Wraps the data form of a reference. */
export function reference(meaning: ReferenceData): Reference {
  const refuse = (): never => {
    throw new TypeError(
      `${describe(meaning)} is known only when the system runs, so it cannot become text here: ` +
        'join it with text`…`, as in text`${ref("api")}/v1`',
    );
  };
  return Object.freeze({
    [MEANING]: meaning,
    [Symbol.toPrimitive]: refuse,
    toString: refuse,
    toJSON: refuse,
  });
}

/** The data form, or undefined for anything that is no reference. */
export function meaningOf(value: object): ReferenceData | undefined {
  return isReference(value) ? value[MEANING] : undefined;
}

function isReference(value: object): value is Reference {
  return Object.hasOwn(value, MEANING);
}

function describe(meaning: ReferenceData): string {
  if ("ref" in meaning) return `ref(${JSON.stringify(meaning.ref)})`;
  if ("secret" in meaning) return `secret(${JSON.stringify(meaning.secret)})`;
  if ("store" in meaning) return "a store's url";
  return "text`…`";
}
