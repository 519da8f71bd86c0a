import { ok, refuse, type Result } from "@seaworthy/std/result";
import { canonicalHash } from "./canonical-json.ts";
import { overlay, type Overlaid } from "./environment.ts";
import type { Finding } from "./finding.ts";
import { suggestion } from "./nearest.ts";
import { isInside } from "./path.ts";
import { badName } from "./kinds.ts";
import { isRecord, notA, type ReadLog, type Site, type Wrong } from "./reader.ts";
import { readSystem } from "./read-system.ts";
import type { Parsed, PlatformName, Source, System } from "./system.ts";
import { whyOf } from "./why.ts";

export interface ParseOptions {
  /** What `-e` says. */
  readonly environment: string | undefined;
  /** What `--on` says; it wins over the declaration. */
  readonly platform: PlatformName | undefined;
}

/**
 * Data → canonical form, or all faults at once: those of every environment, not only of the one
 * that was asked for. The same data gives the same answer on every machine.
 */
export function parse(input: unknown, options: ParseOptions): Result<Parsed, readonly Finding[]> {
  if (!isRecord(input)) {
    return refuse([finding("", notA(input, "a system: an object with `name` and `services`"))]);
  }
  const { environments, ...base } = input;
  const declared = environments === undefined ? {} : environments;
  if (!isRecord(declared)) {
    return refuse([finding("environments", notA(declared, "environments by name"))]);
  }
  const chosen = choose(declared, options.environment);
  const bare = read(base, undefined, options);
  const findings = chosen.wrong === undefined ? [] : [chosen.wrong];
  let result = chosen.name === undefined ? bare : undefined;
  if (Object.keys(declared).length === 0) findings.push(...bare.findings);
  for (const [name, data] of Object.entries(declared)) {
    const one = readEnvironment(base, name, { data, options, bare });
    if (name === chosen.name) result = one.reading;
    findings.push(...one.findings.filter((each) => name === chosen.name || isFault(each)));
  }
  // Where environments exist, what all of them share is said once, under its own path.
  if (Object.keys(declared).length > 0) {
    findings.push(...(result ?? bare).findings.filter((each) => !isOverlaid(each)));
  }
  if (findings.length > 0 || result === undefined) return refuse(unique(findings));
  const { system, sources } = result;
  return ok({ system, sources, hash: canonicalHash(system) });
}

interface Reading {
  readonly system: System;
  readonly sources: Readonly<Record<string, Source>>;
  readonly findings: readonly Finding[];
}

/** What only this environment brings in, its paths under `environments.<name>`. */
function readEnvironment(
  base: Readonly<Record<string, unknown>>,
  name: string,
  given: { readonly data: unknown; readonly options: ParseOptions; readonly bare: Reading },
): { readonly reading: Reading; readonly findings: readonly Finding[] } {
  const path = `environments.${name}`;
  const wrong = badName(name);
  const named = wrong === undefined ? [] : [finding(path, wrong)];
  if (!isRecord(given.data)) {
    const notData = finding(path, notA(given.data, "what differs in this environment"));
    return { reading: given.bare, findings: [...named, notData] };
  }
  const overlaid = overlay(base, given.data);
  const reading = read(overlaid.merged, { name, overlaid }, given.options);
  const brought = overlaid.faults.map((fault) => finding(`${path}.${fault.path}`, fault.wrong));
  return { reading, findings: [...named, ...brought, ...reading.findings.filter(isOverlaid)] };
}

/** Reads one merged declaration; keeps the faults beside a system that must not be used then. */
function read(
  input: Readonly<Record<string, unknown>>,
  environment: { readonly name: string; readonly overlaid: Overlaid } | undefined,
  options: ParseOptions,
): Reading {
  const findings: Finding[] = [];
  const sources = new Map<string, Source>();
  const touched = [...(environment?.overlaid.touched ?? [])];
  const fromEnvironment = (path: string): boolean => touched.some((each) => isInside(path, each));
  const namesIn = (units: unknown): ReadonlySet<string> =>
    new Set(isRecord(units) ? Object.keys(units) : []);
  const log: ReadLog = {
    describing: false,
    services: namesIn(input["services"]),
    stores: namesIn(input["stores"]),
    describe: () => {},
    fault: (at, wrong) => {
      const overlaid = environment !== undefined && fromEnvironment(at.declared);
      const path = overlaid ? `environments.${environment.name}.${at.declared}` : at.declared;
      findings.push(finding(path, wrong));
    },
    source: (at, source) => {
      const given = fromEnvironment(at.declared) ? "environment" : "declared";
      sources.set(at.canonical, source === "given" ? given : source);
    },
  };
  const site: Site = { declared: "", canonical: "", log };
  const system = readSystem(input, site, { ...options, environment: environment?.name });
  return { system, sources: Object.fromEntries(sources), findings };
}

interface Chosen {
  readonly name: string | undefined;
  readonly wrong: Finding | undefined;
}

function choose(declared: Readonly<Record<string, unknown>>, asked: string | undefined): Chosen {
  const names = Object.keys(declared);
  if (asked === undefined) {
    if (names.length === 0) return { name: undefined, wrong: undefined };
    const message = `this system has environments: ${names.join(", ")}; say which`;
    const fix = `Add -e ${names[0] ?? ""}.`;
    const wrong = finding("environments", { rule: "environment-required", message, fix });
    return { name: undefined, wrong };
  }
  if (Object.hasOwn(declared, asked)) return { name: asked, wrong: undefined };
  const hint = suggestion(asked, names);
  const message = `there is no environment \`${asked}\`. ${hint}`.trimEnd();
  const fix =
    names.length === 0
      ? "Leave out -e: this system has no environments."
      : `One of: ${names.join(", ")}.`;
  const wrong = finding("environments", { rule: "unknown-environment", message, fix });
  return { name: undefined, wrong };
}

/** What another environment cannot do yet does not stop this one. */
function isFault(one: Finding): boolean {
  return one.rule !== "not-yet";
}

function isOverlaid(one: Finding): boolean {
  return one.places.some((place) => place.path?.startsWith("environments.") === true);
}

function finding(path: string, wrong: Wrong): Finding {
  const { rule, message, fix } = wrong;
  return { rule, severity: "error", message, places: [{ path }], why: whyOf(rule), fix };
}

function unique(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Map(
    findings.map((each) => [`${each.rule} ${each.places[0]?.path ?? ""} ${each.message}`, each]),
  );
  return [...seen.values()];
}
