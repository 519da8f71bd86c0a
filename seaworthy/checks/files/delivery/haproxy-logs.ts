import type { HaproxyDocument } from "../../../facts/proxies/proxies.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { effectiveLines, linesOf } from "../proxies/sections.ts";
import type { Found } from "../file-rule.ts";
import { placesOf } from "./wording.ts";

/** An HAProxy that was told to log, and whose lines reach nobody. */
export function silentProxies(unit: Unit): readonly Found[] {
  return unit.documents.of("haproxy").flatMap((document) => silent(unit, document));
}

function silent(unit: Unit, document: HaproxyDocument): readonly Found[] {
  const global = document.sections.find(({ type }) => type === "global");
  const [log] = linesOf(global?.lines ?? [], "log");
  if (global === undefined || log === undefined) return [];
  const proxies = document.sections.filter(({ type }) => type === "frontend" || type === "listen");
  const quiet = proxies.filter((section) => {
    return linesOf(effectiveLines(document, section), "log").length === 0;
  });
  const wanted = proxies.some((section) => {
    const lines = effectiveLines(document, section);
    return ["httplog", "tcplog"].some((kind) => linesOf(lines, "option", kind).length > 0);
  });
  const [daemon] = linesOf(global.lines, "daemon");
  // The official image starts it with -db, which keeps it in the foreground.
  const inContainer = unit.facts.of("component").some(({ image }) => {
    return /haproxy/.test(image?.value ?? "");
  });
  const closed =
    daemon !== undefined && !inContainer && /^(?:stdout|stderr)$/.test(log.words[1] ?? "");
  const none = proxies.length > 0 && quiet.length === proxies.length && wanted;
  if (!closed && !none) return [];
  const reasons = [
    ...(closed ? [`\`log ${log.words[1] ?? ""}\` of a \`daemon\`, which closes it`] : []),
    ...(none ? ["no frontend takes up the global log (`log global`)"] : []),
  ];
  const [section] = quiet;
  return [
    {
      severity: "warning",
      message: `HAProxy writes no access log: ${reasons.join("; ")}`,
      places: placesOf(at(document.file, log.line), [
        ...(daemon === undefined || !closed ? [] : [at(document.file, daemon.line)]),
        ...(section === undefined || !none ? [] : [at(document.file, section.line)]),
      ]),
      why:
        "When users see errors, nothing tells which request went to which server with which " +
        "status: the first place to look is empty.",
      fix: "`log global` in `defaults`, and `log /dev/log local0` where it runs as a daemon",
    },
  ];
}
