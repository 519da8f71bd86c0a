import { existsSync } from "node:fs";
import { disposable } from "../converge-verb.ts";
import { machineFindings } from "../doctor-machine.ts";
import { providerFindings } from "../edge-provider.ts";
import { EXIT } from "../exit.ts";
import { asRefusal } from "../failure.ts";
import { findingsJson, findingsText } from "../findings-text.ts";
import { openSystem } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import { painter } from "../paint.ts";
import { repairLocal } from "../repair-local.ts";
import { readRecords } from "../../record/read.ts";
import type { RecordKind } from "../../record/store.ts";
import type { Finding } from "../../system/finding.ts";
import type { Invocation, RunVerb } from "../verb.ts";

/** Is this machine fit, and is the system's state whole? Exit 0, or 7 where an error was found. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const findings: Finding[] = [...(await machineFindings(context))];
  if (
    invocation.positionals.length > 0 ||
    options.system !== undefined ||
    hasDeclarationHere(context.cwd)
  ) {
    findings.push(...(await stateFindings(invocation)));
  }
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify(findingsJson(findings), null, 2)}\n`);
  } else {
    for (const line of findingsText(findings, painter(context.terminal))) {
      context.terminal.out(`${line}\n`);
    }
  }
  return findings.some((finding) => finding.severity === "error") ? EXIT.missed : EXIT.done;
};

async function stateFindings(invocation: Invocation): Promise<readonly Finding[]> {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  if (options["repair"] === true) return (await repairLocal(system, invocation)).map(repaired);
  await using target = disposable(await openTarget(system, context));
  const looks = RECORDS.map((kind) => async () => void (await readRecords(target.store, kind)));
  const edge = await providerFindings(context, system.graph.edge?.provider);
  const findings = edge.filter(({ severity }) => severity === "error");
  for (const look of [() => target.observe(context.interrupts.abort), ...looks]) {
    await look().catch((thrown: unknown) => findings.push(damaged(thrown)));
  }
  return findings;
}

const RECORDS: readonly RecordKind[] = ["journal", "event", "evidence", "release"];

function damaged(thrown: unknown): Finding {
  const refusal = asRefusal(thrown);
  return {
    rule: "damaged-state",
    severity: "error",
    message: [refusal.message, ...refusal.detail].join(": "),
    places: [],
    why: "a verb that reads this record refuses rather than guess what happened",
    fix: refusal.fix ?? "seaworthy doctor --repair",
  };
}

function repaired(line: string): Finding {
  return {
    rule: "repaired-state",
    severity: "warning",
    message: line,
    places: [],
    why: "a record was damaged; what can be read was kept and the damaged file set aside",
    fix: "",
  };
}

function hasDeclarationHere(cwd: string): boolean {
  return ["system.ts", "system.yaml", "system.yml", "system.json"].some((name) =>
    existsSync(`${cwd}/${name}`),
  );
}
