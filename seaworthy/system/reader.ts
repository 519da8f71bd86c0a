import type { Result } from "@seaworthy/std/result";
import type { Source } from "./system.ts";
import { joinPath } from "./path.ts";
import { suggestion } from "./nearest.ts";
import type { ParseRule } from "./why.ts";

/**
 * Reads outside data field by field. A fault is noted and a placeholder goes on in its place, so
 * that one pass finds all faults; what was read counts only when none was noted.
 */

/** What is wrong with one value. */
export interface Wrong {
  readonly rule: ParseRule;
  readonly message: string;
  readonly fix: string;
}

/** What `explain` says about a field; noted by the very call that reads it. */
export interface Description {
  readonly declared: string;
  readonly canonical: string;
  readonly means: string;
  readonly expected: string;
  /** As a person would declare it; undefined: there is none. */
  readonly default: string | undefined;
  readonly required: boolean;
}

export interface ReadLog {
  fault(site: Site, wrong: Wrong): void;
  source(site: Site, source: "given" | Exclude<Source, "declared" | "environment">): void;
  describe(description: Description): void;
  /** Nothing is read: maps visit one entry called `*`, so that every field gets described. */
  readonly describing: boolean;
  /** Names that references and routes may use. */
  readonly services: ReadonlySet<string>;
  readonly stores: ReadonlySet<string>;
}

/** Where we are: in the declaration as written, and in the canonical form. */
export interface Site {
  readonly declared: string;
  readonly canonical: string;
  readonly log: ReadLog;
}

/** A value without fields of its own. */
export interface Leaf<Value> {
  readonly expected: string;
  readonly placeholder: Value;
  parse(input: unknown, log: ReadLog): Result<Value, Wrong>;
  /** As a person would declare it. */
  show(value: Value): string;
}

interface FieldName {
  readonly name: string;
  /** Name in the canonical form, where it differs. */
  readonly as?: string;
  readonly means: string;
}

export interface Fields {
  /** Absent: the default; without one, the field is missing. */
  leaf<Value>(field: FieldName & { readonly kind: Leaf<Value>; readonly default?: Value }): Value;
  maybe<Value>(field: FieldName & { readonly kind: Leaf<Value> }): Value | undefined;
  /** A field that is an object; `read` asks for its fields, and any other one is a fault. */
  group<Value>(field: GroupField<Value>): Value;
  /** The same, and undefined when it is absent. */
  maybeGroup<Value>(field: GroupField<Value>): Value | undefined;
  /** A field that is a list. Absent: the default; without one, the field is missing. */
  list<Item>(field: ListField<Item>): readonly Item[];
  /** A field of any other shape; `read` gets undefined when it is absent. */
  part<Value>(
    field: FieldName & {
      readonly expected: string;
      readonly required?: boolean;
      /** As a person would declare it. */
      readonly default?: string | undefined;
      readonly read: (input: unknown, site: Site) => Value;
    },
  ): Value;
  /** Fields that are planned: name → the way out until then. */
  notYet(ways: Readonly<Record<string, string>>): void;
  has(name: string): boolean;
}

interface GroupField<Value> extends FieldName, Shape<Value> {
  readonly required?: boolean;
  /** In the canonical form its fields stand where the group itself would. */
  readonly inline?: boolean;
}

/** What an object is expected to look like, and how its fields are read. */
interface Shape<Value> {
  readonly expected: string;
  readonly read: (fields: Fields, site: Site) => Value;
}

interface ListField<Item> extends FieldName, ItemsShape<Item> {
  readonly default?: { readonly items: readonly Item[]; readonly shown: string };
}

interface ItemsShape<Item> {
  readonly expected: string;
  readonly countMax: number;
  /** What an empty list lacks, where it must not be empty. */
  readonly notEmpty?: string;
  readonly read: (input: unknown, site: Site) => Item;
}

export function child(site: Site, key: string | number, as: string | number = key): Site {
  return {
    declared: joinPath(site.declared, key),
    canonical: joinPath(site.canonical, as),
    log: site.log,
  };
}

export function isRecord(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** Reads an object; anything else is a fault, and reads as an empty one. */
export function readObject<Value>(input: unknown, site: Site, shape: Shape<Value>): Value {
  if (input !== undefined && !isRecord(input)) site.log.fault(site, notA(input, shape.expected));
  const record = isRecord(input) ? input : {};
  const isBroken = input !== undefined && !isRecord(input);
  const known = new Set<string>();
  const value = shape.read(fieldsOf(record, { site, known, isBroken }), site);
  for (const name of Object.keys(record)) {
    if (!known.has(name)) site.log.fault(child(site, name), unknownField(name, known));
  }
  return value;
}

interface Opened {
  readonly site: Site;
  /** Filled by what is asked for. */
  readonly known: Set<string>;
  /** It is no object: what it lacks is not worth a fault of its own. */
  readonly isBroken: boolean;
}

function fieldsOf(record: Readonly<Record<string, unknown>>, opened: Opened): Fields {
  const { site, known } = opened;
  const visit = (field: FieldName): { readonly at: Site; readonly value: unknown } => {
    known.add(field.name);
    const value = Object.hasOwn(record, field.name) ? record[field.name] : undefined;
    return { at: child(site, field.name, field.as), value };
  };
  const lacks = (at: Site, field: FieldName, expected: string): void => {
    if (!opened.isBroken) at.log.fault(at, missing(field, expected));
  };
  const part: Fields["part"] = (field) => {
    const { at, value } = visit(field);
    const required = field.required === true;
    describe(at, { ...field, default: field.default, required });
    if (value === undefined && required) lacks(at, field, field.expected);
    return field.read(value, at);
  };
  const group = <Value>(field: GroupField<Value>, value: unknown, at: Site): Value =>
    readObject(value, field.inline === true ? { ...at, canonical: site.canonical } : at, field);
  return {
    part,
    leaf: (field) => {
      const { at, value } = visit(field);
      describeLeaf(field, at);
      if (value !== undefined) return readLeaf(value, at, field.kind);
      at.log.source(at, "default");
      if (field.default !== undefined) return field.default;
      lacks(at, field, field.kind.expected);
      return field.kind.placeholder;
    },
    maybe: (field) => {
      const { at, value } = visit(field);
      describeLeaf({ ...field, optional: true }, at);
      if (value !== undefined) return readLeaf(value, at, field.kind);
      at.log.source(at, "default");
      return undefined;
    },
    group: (field) => part({ ...field, read: (value, at) => group(field, value, at) }),
    maybeGroup: (field) =>
      part({
        ...field,
        read: (value, at) => {
          if (value !== undefined || at.log.describing) return group(field, value, at);
          at.log.source(at, "default");
          return undefined;
        },
      }),
    list: (field) =>
      part({
        ...field,
        default: field.default?.shown,
        required: field.default === undefined,
        read: (value, at) => readList(value, at, field),
      }),
    notYet: (ways) => {
      for (const [name, way] of Object.entries(ways)) {
        known.add(name);
        if (Object.hasOwn(record, name)) site.log.fault(child(site, name), notYet(name, way));
      }
    },
    has: (name) => Object.hasOwn(record, name),
  };
}

function readList<Item>(input: unknown, site: Site, field: ListField<Item>): readonly Item[] {
  if (input !== undefined || site.log.describing) {
    site.log.source(site, "given");
    return readItems(input, site, field);
  }
  site.log.source(site, "default");
  return field.default?.items ?? [];
}

/** Reads one value; the source is noted even where it is wrong. */
export function readLeaf<Value>(input: unknown, site: Site, kind: Leaf<Value>): Value {
  site.log.source(site, "given");
  const result = kind.parse(input, site.log);
  if (result.ok) return result.value;
  site.log.fault(site, result.error);
  return kind.placeholder;
}

/** Reads a map whose keys are the user's own names. */
export function readEntries<Value>(
  input: unknown,
  site: Site,
  spec: {
    readonly expected: string;
    readonly countMax: number;
    readonly key?: (name: string) => Wrong | undefined;
    readonly read: (input: unknown, site: Site, name: string) => Value;
  },
): Readonly<Record<string, Value>> {
  if (site.log.describing) return { "*": spec.read(undefined, child(site, "*"), "*") };
  if (input !== undefined && !isRecord(input)) site.log.fault(site, notA(input, spec.expected));
  const entries = isRecord(input) ? Object.entries(input) : [];
  if (entries.length > spec.countMax) {
    const message = `${entries.length} entries; at most ${spec.countMax} are read`;
    site.log.fault(site, { rule: "too-many", message, fix: "Split the system, or ask for more." });
    return {};
  }
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const at = child(site, name);
      const wrong = spec.key?.(name);
      if (wrong !== undefined) site.log.fault(at, wrong);
      return [name, spec.read(value, at, name)];
    }),
  );
}

/** Reads a list; anything else is a fault and reads as an empty one. */
export function readItems<Item>(
  input: unknown,
  site: Site,
  shape: ItemsShape<Item>,
): readonly Item[] {
  if (site.log.describing) return [shape.read(undefined, child(site, "*"))];
  if (!Array.isArray(input) || input.length > shape.countMax) {
    site.log.fault(site, notA(input, `${shape.expected}, at most ${shape.countMax}`));
    return [];
  }
  if (input.length === 0 && shape.notEmpty !== undefined) {
    site.log.fault(site, notA(input, shape.notEmpty));
  }
  return input.map((item: unknown, index) => shape.read(item, child(site, index)));
}

/** How a value looks in a message: short, and never more than one line. */
export function shown(input: unknown): string {
  const text = JSON.stringify(input) ?? String(input);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export function notA(input: unknown, expected: string): Wrong {
  return {
    rule: "bad-value",
    message: `${shown(input)} is not ${expected}`,
    fix: `Write ${expected}.`,
  };
}

function missing(field: FieldName, expected: string): Wrong {
  return {
    rule: "missing-field",
    message: `\`${field.name}\` is missing: ${field.means}`,
    fix: `Add \`${field.name}\`: ${expected}.`,
  };
}

function notYet(name: string, way: string): Wrong {
  return { rule: "not-yet", message: `\`${name}\` is not supported yet`, fix: way };
}

function unknownField(name: string, known: ReadonlySet<string>): Wrong {
  const hint = suggestion(name, known);
  return {
    rule: "unknown-field",
    message: `There is no field \`${name}\` here. ${hint}`.trimEnd(),
    fix: hint.startsWith("Did") ? hint : "Remove it, or use one of the known fields.",
  };
}

function describeLeaf<Value>(
  field: FieldName & {
    readonly kind: Leaf<Value>;
    readonly default?: Value;
    readonly optional?: boolean;
  },
  at: Site,
): void {
  const fallback = field.default === undefined ? undefined : field.kind.show(field.default);
  const required = fallback === undefined && field.optional !== true;
  describe(at, { ...field, expected: field.kind.expected, default: fallback, required });
}

function describe(
  at: Site,
  text: Pick<Description, "means" | "expected" | "default" | "required">,
): void {
  if (!at.log.describing) return;
  const { means, expected, required } = text;
  const { declared, canonical } = at;
  at.log.describe({ declared, canonical, means, expected, default: text.default, required });
}
