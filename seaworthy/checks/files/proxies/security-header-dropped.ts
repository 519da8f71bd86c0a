import { at } from "../../../facts/source.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import type { NginxDirective, NginxDocument } from "../../../facts/proxies/proxies.ts";
import type { FileRule, Found } from "../file-rule.ts";

const GUARDED =
  /^(strict-transport-security|content-security-policy|x-frame-options|x-content-type-options)$/i;

export const securityHeaderDropped: FileRule = {
  name: "security-header-dropped",
  summary: "an inner add_header removes the outer security headers",
  check: (unit) => unit.documents.of("nginx").flatMap(inDocument),
};

/** One finding a server: the inner blocks that lose what the outer one adds. */
function inDocument(document: NginxDocument): readonly Found[] {
  const lost = new Map<NginxDirective, NginxDirective[]>();
  for (const { directive, within } of walk(document.directives)) {
    if (directive.block === undefined || headers(directive).length === 0) continue;
    const outer = within.findLast((block) => headers(block).length > 0);
    if (outer === undefined || keeps(directive, outer)) continue;
    lost.set(outer, [...(lost.get(outer) ?? []), directive]);
  }
  return [...lost].map(([outer, inner]) => {
    const names = inner.map(({ name, words }) => [name, ...words].join(" "));
    return {
      severity: "warning",
      message: `${names.join(", ")} adds a header, and so drops those of its ${outer.name} block`,
      places: [
        at(document.file, inner[0]?.line ?? outer.line),
        at(document.file, headers(outer)[0]?.line ?? outer.line),
      ],
      why:
        "nginx inherits add_header only where the inner block has none: HSTS, CSP or frame " +
        "protection are gone on just these paths, and no test of the front page shows it",
      fix: "repeat the headers in the inner block, or include one file of headers in both",
    };
  });
}

function headers(block: NginxDirective): readonly NginxDirective[] {
  return (block.block ?? []).filter(({ name }) => name === "add_header");
}

/** Nothing that guards is lost: the inner block repeats it, or includes a file that may. */
function keeps(inner: NginxDirective, outer: NginxDirective): boolean {
  if (inner.block?.some(({ name }) => name === "include") === true) return true;
  const repeated = headers(inner).map(({ words }) => (words[0] ?? "").toLowerCase());
  return headers(outer)
    .map(({ words }) => (words[0] ?? "").toLowerCase())
    .filter((header) => GUARDED.test(header))
    .every((header) => repeated.includes(header));
}
