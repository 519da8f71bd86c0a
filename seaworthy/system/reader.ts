import type { Result } from "@seaworthy/std/result";
import type { Source } from "./system.ts";
import { joinPath } from "./path.ts";
import { suggestion } from "./nearest.ts";

/**
 * Reads outside data field by field. A fault is noted and a placeholder goes on in its place, so
 * that one pass finds all faults; what was read counts only when none was noted.
 */

/** What is wrong with one value. */
export interface Wrong {
  readonly rule: string;
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
  /** A field that has fields; `read` gets undefined when it is absent. */
  part<Value>(
    field: FieldName & {
      readonly expected: string;
      readonly required?: boolean;
      readonly read: (input: unknown, site: Site) => Value;
    },
  ): Value;
  /** Fields that are planned: name → the way out until then. */
  notYet(ways: Readonly<Record<string, string>>): void;
  has(name: string): boolean;
  /** Says which fields nobody asked for. Call it last. */
  end(): void;
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

/** Opens an object for reading; anything else is a fault, and reads as an empty one. */
export function openFields(input: unknown, site: Site, expected: string): Fields {
  if (input !== undefined && !isRecord(input)) site.log.fault(site, notA(input, expected));
  const record = isRecord(input) ? input : {};
  const broken = input !== undefined && !isRecord(input);
  const known = new Set<string>();
  const visit = (field: FieldName): { readonly at: Site; readonly value: unknown } => {
    known.add(field.name);
    const value = Object.hasOwn(record, field.name) ? record[field.name] : undefined;
    return { at: child(site, field.name, field.as), value };
  };
  return {
    leaf: (field) => {
      const { at, value } = visit(field);
      describeLeaf(field, at);
      if (value !== undefined) return readLeaf(value, at, field.kind);
      at.log.source(at, "default");
      if (field.default !== undefined) return field.default;
      if (!broken) at.log.fault(at, missing(field, field.kind.expected));
      return field.kind.placeholder;
    },
    maybe: (field) => {
      const { at, value } = visit(field);
      describeLeaf({ ...field, optional: true }, at);
      if (value !== undefined) return readLeaf(value, at, field.kind);
      at.log.source(at, "default");
      return undefined;
    },
    part: (field) => {
      const { at, value } = visit(field);
      const required = field.required === true;
      describe(at, { ...field, default: undefined, required });
      if (value === undefined && required && !broken) {
        at.log.fault(at, missing(field, field.expected));
      }
      return field.read(value, at);
    },
    notYet: (ways) => {
      for (const [name, way] of Object.entries(ways)) {
        known.add(name);
        if (Object.hasOwn(record, name)) site.log.fault(child(site, name), notYet(name, way));
      }
    },
    has: (name) => Object.hasOwn(record, name),
    end: () => {
      for (const name of Object.keys(record)) {
        if (!known.has(name)) site.log.fault(child(site, name), unknownField(name, known));
      }
    },
  };
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
export function readItems<Value>(
  input: unknown,
  site: Site,
  spec: {
    readonly expected: string;
    readonly countMax: number;
    readonly read: (input: unknown, site: Site) => Value;
  },
): readonly Value[] {
  if (site.log.describing) return [spec.read(undefined, child(site, "*"))];
  if (!Array.isArray(input) || input.length > spec.countMax) {
    site.log.fault(site, notA(input, `${spec.expected}, at most ${spec.countMax}`));
    return [];
  }
  return input.map((item: unknown, index) => spec.read(item, child(site, index)));
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
