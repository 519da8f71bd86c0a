import { formatBytes } from "@seaworthy/std/bytes";
import { formatDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { environmentTexts, flatten } from "./flatten.ts";
import { suggestion } from "./nearest.ts";
import { joinPath, splitPath } from "./path.ts";
import { readSystem } from "./read-system.ts";
import type { Description, ReadLog } from "./reader.ts";
import type { Job, Parsed, Service, Source, System } from "./system.ts";

/** One value of the canonical form. */
export interface ExplainedValue {
  /** Path in the canonical form: `services.api.drainMs`. */
  readonly path: string;
  /** With its unit, as people read it: `10s`. */
  readonly value: string;
  readonly source: Source;
}

/** The canonical declaration, one line a value, in its own order. Secrets show their names. */
export function explain(parsed: Parsed): readonly ExplainedValue[] {
  return flatten(readable(parsed.system)).map(([path, value]) => ({
    path,
    value: shown(path, value),
    source: sourceOf(parsed, path),
  }));
}

/** The same system with its environments as people read them. */
function readable(system: System): unknown {
  const units = <Unit extends Service | Job>(entries: Readonly<Record<string, Unit>>): object =>
    Object.fromEntries(
      Object.entries(entries).map(([name, unit]) => [
        name,
        { ...unit, env: environmentTexts(unit.env) },
      ]),
    );
  return { ...system, services: units(system.services), jobs: units(system.jobs) };
}

function shown(path: string, value: unknown): string {
  if (value === undefined) return "–";
  if (typeof value === "number" && path.endsWith("Ms")) return formatDuration(value);
  if (typeof value === "number" && path.endsWith("Bytes")) return formatBytes(value);
  if (typeof value === "number" && path.endsWith("PerSecond")) return `${value}/s`;
  if (typeof value === "number" && path.endsWith("Factor")) return `${value}x`;
  if (typeof value === "number" && /(Ratio|availability)$/.test(path)) return humanPercent(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value's own source, or that of what holds it (a command stands for its words). */
function sourceOf({ sources }: Parsed, path: string): Source {
  const own = sources[path];
  if (own !== undefined) return own;
  const inner = Object.entries(sources).find(([each]) => each.startsWith(`${path}[`));
  if (inner !== undefined) return inner[1];
  const keys = splitPath(path);
  for (let length = keys.length - 1; length > 0; length -= 1) {
    const holder = sources[keys.slice(0, length).reduce<string>(joinPath, "")];
    if (holder !== undefined) return holder;
  }
  return "default";
}

/**
 * What a field means, or undefined when the language has no such field. Both the declared and the
 * canonical name are understood; `*`, `<name>` or any name stands for a unit.
 */
export function explainField(path: string): string | undefined {
  const wanted = splitPath(path.replaceAll(/<\w+>/g, "*"));
  const field = describeFields().find(
    ({ declared, canonical }) =>
      matches(wanted, splitPath(declared)) || matches(wanted, splitPath(canonical)),
  );
  if (field === undefined) return undefined;
  const { declared, canonical, means, expected } = field;
  const inner = describeFields().filter(({ declared: each }) => isDirectlyIn(each, declared));
  const fallback = field.default ?? (field.required ? "none, it must be given" : "none");
  return [
    declared,
    `  ${means}`,
    `  expected  ${expected}`,
    `  default   ${fallback}`,
    ...(canonical === declared ? [] : [`  canonical ${canonical}`]),
    ...inner.map((each) => `  · ${each.declared.slice(declared.length + 1)}: ${each.means}`),
  ].join("\n");
}

/** The nearest name to a path that `explainField` does not know. */
export function nearestField(path: string): string {
  return suggestion(path, new Set(describeFields().map(({ declared }) => declared)));
}

/** Every field of the language, as the parser itself reads it. */
export function describeFields(): readonly Description[] {
  const fields: Description[] = [];
  const log: ReadLog = {
    describing: true,
    services: new Set(),
    stores: new Set(),
    fault: () => {},
    source: () => {},
    describe: (description) => {
      const index = fields.findIndex(({ declared }) => declared === description.declared);
      const before = fields[index];
      if (before === undefined) fields.push(description);
      else fields[index] = bothOf(before, description);
    },
  };
  const site = { declared: "", canonical: "", log };
  readSystem(undefined, site, { environment: undefined, platform: undefined });
  return fields;
}

/** Stores have fields of one name whose values differ by provider: all of them are said. */
function bothOf(one: Description, other: Description): Description {
  const join = (left: string, right: string): string =>
    left.split(OR).includes(right) ? left : `${left}${OR}${right}`;
  const isDefaulted = one.default !== undefined && other.default !== undefined;
  return {
    ...one,
    expected: join(one.expected, other.expected),
    default: isDefaulted ? join(one.default, other.default) : (one.default ?? other.default),
  };
}

const OR = ", or ";

function matches(
  wanted: readonly (string | number)[],
  pattern: readonly (string | number)[],
): boolean {
  return (
    wanted.length === pattern.length &&
    pattern.every((key, index) => key === "*" || key === wanted[index])
  );
}

function isDirectlyIn(path: string, holder: string): boolean {
  return path.startsWith(`${holder}.`) && !/[.[]/.test(path.slice(holder.length + 1));
}
