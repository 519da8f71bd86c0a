import { failOnOf, refuseForDeclaration } from "../check-files/options.ts";
import { EXIT } from "../exit.ts";
import { findingsJson, findingsText } from "../findings-text.ts";
import { openChecked } from "../open-system.ts";
import { painter } from "../paint.ts";
import type { RunVerb } from "../verb.ts";

/**
 * Prints what contradicts itself: in existing files where a folder, a guide or such a file is
 * named, else in the declaration. Exit 10 on errors, or on warnings with `--fail-on warning`.
 */
export const run: RunVerb = async (invocation) => {
  const { context, options, positionals } = invocation;
  const [word] = positionals;
  if (options.system === undefined && word !== undefined) {
    // A declaration needs none of the readers.
    const { subjectOf } = await import("../check-files/subject.ts");
    const subject = subjectOf(word, context.cwd);
    if (subject !== undefined) {
      const { checkSubject } = await import("../check-files/check-files.ts");
      return await checkSubject(invocation, subject);
    }
  }
  refuseForDeclaration(options);
  const failOn = failOnOf(options["failOn"]);
  const system = await openChecked(invocation);
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
