import { withAddresses, type Stores } from "../plan/addresses.ts";
import { joinPath } from "../system/path.ts";
import type { DeclaredValue, EnvironmentValue } from "../system/system.ts";
import { databaseUsesIn } from "./applications/database-use.ts";
import type { Call, EnvironmentEntry, Fact } from "./fact.ts";
import type { Location } from "./source.ts";

/** The environment of one unit: what stands in it, and who is named in it. */
export interface DeclaredEnvironment {
  readonly entries: ReadonlyMap<string, EnvironmentEntry>;
  readonly facts: readonly Fact[];
}

export interface Reader {
  readonly unit: string;
  /** `services.api.env`. */
  readonly path: string;
  readonly stores: Stores;
  readonly at: (path: string) => Location;
}

export function readEnvironment(
  declared: Readonly<Record<string, DeclaredValue>>,
  { unit, path, stores, at }: Reader,
): DeclaredEnvironment {
  const values = Object.entries(withAddresses(declared, stores)).map(
    ([name, value]) => ({ name, value, place: at(joinPath(path, name)) }) as const,
  );
  return {
    entries: new Map(values.map(({ name, value, place }) => [name, entryOf(value, place)])),
    facts: values.flatMap(({ value, place }) => [
      ...callsIn(value, { at: place, component: unit }),
      ...databaseUsesIn(textOf(value).slice(0, TEXT_MAX), place),
    ]),
  };
}

function entryOf(value: EnvironmentValue, at: Location): EnvironmentEntry {
  switch (value.kind) {
    case "text":
    case "parts":
      return { at, value: textOf(value) };
    case "secret":
      return { at, from: { kind: "secret", name: value.secret } };
    case "url":
      // The target knows the address, when the system runs.
      return { at };
    default:
      return value satisfies never;
  }
}

/** What is known when it runs stands as a variable does in other files: `${DB_PASSWORD}`. */
function textOf(value: EnvironmentValue): string {
  switch (value.kind) {
    case "text":
      return value.text;
    case "secret":
      return `\${${value.secret}}`;
    case "url":
      return `\${${value.service}}`;
    case "parts":
      return value.parts.map(textOf).join("");
    default:
      return value satisfies never;
  }
}

/** Longer values are data, and name nobody. */
const TEXT_MAX = 4_000;
const CALLS_MAX = 50;
const URL = new RegExp(
  String.raw`\b([a-z][a-z0-9+.-]{0,20}):\/\/(?:[^\s/@]{0,200}@)?` +
    String.raw`([\w.-]{1,253})(?::(\d{1,5}))?(\/[^\s"',;?#]{0,500})?`,
  "gi",
);

type Caller = Pick<Call, "at" | "component">;

function callsIn(value: EnvironmentValue, caller: Caller): readonly Call[] {
  const base = { kind: "call", via: "configuration", scope: "network", ...caller } as const;
  const references = referencesIn(value).map((host): Call => ({ ...base, host }));
  const urls = [...textOf(value).slice(0, TEXT_MAX).matchAll(URL)].map(
    ([, scheme = "", host = "", port, path]): Call => ({
      ...{ ...base, scheme: scheme.toLowerCase(), host },
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(path === undefined ? {} : { path }),
    }),
  );
  return [...references, ...urls].slice(0, CALLS_MAX);
}

function referencesIn(value: EnvironmentValue): readonly string[] {
  if (value.kind === "url") return [value.service];
  return value.kind === "parts" ? value.parts.flatMap(referencesIn) : [];
}
