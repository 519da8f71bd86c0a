import { basename, dirname } from "node:path";
import { check, RULES } from "../checks/check.ts";
import { tlsPaths } from "../checks/edge-certificate.ts";
import { buildPaths } from "../checks/missing-build.ts";
import type { CertificateSight } from "../checks/rule.ts";
import { expand } from "../plan/expand.ts";
import type { Graph } from "../plan/graph.ts";
import { unenforced, unrunnable } from "../plan/unrunnable.ts";
import type { Finding } from "../system/finding.ts";
import { nearest } from "../system/nearest.ts";
import { parse } from "../system/parse.ts";
import type { Edge, Parsed, PlatformName } from "../system/system.ts";
import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";
import { filesBeside } from "./files-beside.ts";
import { findDeclaration } from "./find-declaration.ts";
import { loadDeclaration } from "./load-declaration.ts";
import { locateFindings } from "./locate-findings.ts";
import type { Invocation } from "./verb.ts";

/** A declaration that was found, loaded, parsed and expanded. */
export interface OpenSystem {
  /** Absolute. */
  readonly path: string;
  /** What `build` folders are relative to. */
  readonly folder: string;
  readonly parsed: Parsed;
  readonly graph: Graph;
  /** Findings of the checks; parsing faults never get this far. */
  readonly findings: readonly Finding[];
  /** Names of the rules that looked. */
  readonly rules: readonly string[];
  /** Positionals that were not the system. */
  readonly rest: readonly string[];
}

/** Declaration → graph. Throws `Refusal` (exit 2) with all faults at once. */
export async function openSystem(invocation: Invocation): Promise<OpenSystem> {
  const { context, options } = invocation;
  const found = findDeclaration(invocation.positionals, {
    system: options.system,
    cwd: context.cwd,
  });
  const [stray] = found.rest;
  if (invocation.takesSystemOnly && stray !== undefined) {
    throw new Refusal(EXIT.usage, `${stray}: neither a declaration nor a folder that holds one`, {
      fix: "name it, or leave it out to mean the one here",
    });
  }
  const input = await loadDeclaration(found.declaration, {
    clock: context.clock,
    ownCommand: context.ownCommand,
    signal: context.interrupts.abort,
  });
  if (!input.ok) throw cannotParse(found.declaration, input.error);
  const parsed = parse(input.value, {
    environment: options.env,
    platform: platformOf(options.on),
  });
  const located = (findings: readonly Finding[]) => locateFindings(found.declaration, findings);
  if (!parsed.ok) throw cannotParse(found.declaration, await located(parsed.error));
  const graph = expand(parsed.value);
  if (!graph.ok) {
    // What no platform can run yet is checked all the same: all faults at once.
    const { checkDeclaredFacts } = await import("../checks/declared-files.ts");
    const further = checkDeclaredFacts(parsed.value, []);
    throw cannotParse(found.declaration, await located(graph.error), await located(further));
  }
  const folder = dirname(found.declaration);
  const { edge } = parsed.value.system;
  const asked = [...buildPaths(parsed.value.system), ...tlsPaths(edge?.tls)];
  const looked = {
    beside: await filesBeside(folder, asked),
    certificate: await certificateOf(edge, { folder, nowMs: context.clock.wall() }),
  };
  return {
    path: found.declaration,
    folder,
    parsed: parsed.value,
    graph: graph.value,
    findings: await located([
      ...check(parsed.value, graph.value, looked),
      ...unrunnable(parsed.value.system).map((one) => ({ ...one, severity: "note" }) as const),
      ...unenforced(parsed.value.system),
    ]),
    rules: RULES.map(({ name }) => name),
    rest: found.rest,
  };
}

/** Most edges have none, and what reads them takes its time to load. */
async function certificateOf(
  edge: Edge | undefined,
  place: { readonly folder: string; readonly nowMs: number },
): Promise<CertificateSight | undefined> {
  if (edge?.tls === undefined) return undefined;
  const { lookAtCertificate } = await import("./look-at-certificate.ts");
  return await lookAtCertificate(edge, place);
}

/**
 * The same, and what the rules over existing files say of what is declared: for verbs that print
 * findings or refuse because of them. The others need not wait for all those rules to load.
 */
export async function openChecked(invocation: Invocation): Promise<OpenSystem> {
  // The rules load while the declaration's child runs.
  const [system, { checkDeclaredFacts, FACT_RULES }] = await Promise.all([
    openSystem(invocation),
    import("../checks/declared-files.ts"),
  ]);
  const further = checkDeclaredFacts(system.parsed, system.findings);
  return {
    ...system,
    findings: [...system.findings, ...(await locateFindings(system.path, further))],
    rules: [...new Set([...system.rules, ...FACT_RULES])],
  };
}

/** Errors stop a verb that writes, unless the user took them on by name. */
export function refuseErrors(system: OpenSystem, accepted: readonly string[]): void {
  const unknown = accepted.find((name) => !system.rules.includes(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, system.rules);
    throw new Refusal(EXIT.usage, `--accept ${unknown}: no such rule`, {
      fix:
        near === undefined
          ? "seaworthy check shows the rule of each finding, in brackets"
          : `did you mean ${near}?`,
    });
  }
  const errors = system.findings.filter(
    (finding) => finding.severity === "error" && !accepted.includes(finding.rule),
  );
  if (errors.length === 0) return;
  const names = [...new Set(errors.map(({ rule }) => rule))];
  throw new Refusal(EXIT.checkFoundErrors, `${errors.length} error(s) in the declaration`, {
    findings: errors,
    fix: `mend them, or take them on: --accept ${names.join(" ")}`,
  });
}

/** What no target runs yet stops a verb that would run it; those that only look go on. */
export async function refuseUnrunnable(system: OpenSystem): Promise<void> {
  const found = unrunnable(system.parsed.system);
  if (found.length === 0) return;
  const findings = await locateFindings(system.path, found);
  throw new Refusal(EXIT.refused, "refused: the declaration holds what no target runs yet", {
    findings,
    fix: "check and explain read it all; the findings say how to run the rest",
  });
}

/** Says the target in the first line, as every verb does: `model-router (rehearsal) on local`. */
export function subject(system: OpenSystem): string {
  const environment =
    system.graph.environment === undefined ? "" : ` (${system.graph.environment})`;
  return `${system.graph.system}${environment} on ${system.graph.platform}`;
}

function cannotParse(
  path: string,
  faults: readonly Finding[],
  further: readonly Finding[] = [],
): Refusal {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  const findings = [...faults, ...further];
  return new Refusal(EXIT.usage, `${basename(path)} cannot be understood: ${count}`, { findings });
}

function platformOf(text: string | undefined): PlatformName | undefined {
  const platforms: readonly PlatformName[] = ["local", "docker", "kubernetes"];
  return platforms.find((platform) => platform === text);
}
