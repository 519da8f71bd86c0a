import { resolve } from "node:path";
import { existsSync, statSync } from "node:fs";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { findingsJson, findingsText } from "../findings-text.ts";
import { openSystem } from "../open-system.ts";
import { painter } from "../paint.ts";
import type { RunVerb } from "../verb.ts";

/** Prints what contradicts itself. Exit 10 on errors, or on warnings with `--fail-on warning`. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  refuseFolderWithoutDeclaration(invocation.positionals[0], context.cwd);
  const failOn = failOnOf(options["failOn"]);
  const system = await openSystem(invocation);
  if (options.json === true) {
    context.terminal.out(`${JSON.stringify(findingsJson(system.findings), null, 2)}\n`);
  } else {
    const lines = findingsText(system.findings, painter(context.terminal));
    const count = (severity: string) =>
      system.findings.filter((finding) => finding.severity === severity).length;
    const units = Object.keys(system.parsed.system.services).length;
    for (const line of lines) context.terminal.out(`${line}\n`);
    const found = `${count("error")} error(s), ${count("warning")} warning(s)`;
    context.terminal.say(`${system.graph.system}: ${units} service(s), ${found}\n`);
  }
  const failing = system.findings.some(
    (finding) =>
      finding.severity === "error" || (failOn === "warning" && finding.severity === "warning"),
  );
  return failing ? EXIT.checkFoundErrors : EXIT.done;
};

function failOnOf(value: unknown): "error" | "warning" {
  if (value === undefined || value === "error") return "error";
  if (value === "warning") return "warning";
  throw new Refusal(EXIT.usage, "--fail-on: it is error or warning");
}

/** `check FOLDER` will read existing deployment files; a folder without a declaration says so. */
function refuseFolderWithoutDeclaration(path: string | undefined, cwd: string): void {
  if (path === undefined) return;
  const full = resolve(cwd, path);
  if (existsSync(full) && statSync(full).isDirectory() && !hasDeclaration(full)) {
    throw new Refusal(EXIT.refused, `${path} holds no declaration`, {
      fix: "checking folders of existing deployment files is not there yet; name a system.ts",
    });
  }
}

function hasDeclaration(folder: string): boolean {
  return ["system.ts", "system.yaml", "system.yml", "system.json"].some((name) =>
    existsSync(resolve(folder, name)),
  );
}
