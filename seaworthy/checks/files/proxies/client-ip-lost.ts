import { at, type Location } from "../../../facts/source.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import type {
  HaproxyDocument,
  NginxDirective,
  NginxDocument,
} from "../../../facts/proxies/proxies.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { effectiveLines, linesOf } from "./sections.ts";

const WHY =
  "every client has the proxy's address: one noisy client uses up the limit of all, a ban shuts " +
  "everybody out, and no log tells who it was";

export const clientIpLost: FileRule = {
  name: "client-ip-lost",
  summary: "a hop hides the client's address from what limits, allows or logs by it",
  check: (unit) => [
    ...unit.documents.of("haproxy").flatMap((document) => haproxyHides(unit, document)),
    ...unit.documents.of("nginx").flatMap(nginxHides),
    ...limitsBehindAnother(unit),
  ],
};

/** HTTP back ends without `option forwardfor`, `send-proxy` or a header of one's own. */
function haproxyHides(unit: Unit, document: HaproxyDocument): readonly Found[] {
  const limit = limiter(unit) ?? toldByNginx(unit, document);
  const backends = document.sections.filter((section) => {
    if (section.type !== "backend" && section.type !== "listen") return false;
    const lines = effectiveLines(document, section);
    const servers = linesOf(section.lines, "server");
    if (servers.length === 0 || linesOf(lines, "mode", "tcp").length > 0) return false;
    return !servers.some(({ words }) => words.some((word) => word.startsWith("send-proxy")));
  });
  const told = document.sections.some(({ lines }) =>
    lines.some(({ words }) => /forwardfor|x-forwarded-for|x-real-ip/i.test(words.join(" "))),
  );
  const [first, ...others] = backends.filter(
    ({ lines }) =>
      !linesOf(lines, "server").every(({ words }) => /:(3306|5432|6379)$/.test(words[2] ?? "")),
  );
  if (first === undefined || told || limit === undefined) return [];
  const names = [first, ...others].map(({ name }) => name).join(", ");
  return [
    {
      severity: "warning",
      message: `haproxy passes requests to ${names} without the client's address`,
      places: [at(document.file, first.line), limit],
      why: WHY,
      fix: 'add "option forwardfor" to defaults, and let the application trust this proxy alone',
    },
  ];
}

/** nginx, another door to the same servers, does pass the client's address on. */
function toldByNginx(unit: Unit, document: HaproxyDocument): Location | undefined {
  const calls = unit.facts.of("call").filter(({ via }) => via === "upstream");
  const own = calls.filter(({ at: { file, as } }) => (as ?? file) === document.file.path);
  for (const { file, directives } of unit.documents.of("nginx")) {
    const shared = calls.some(
      (call) =>
        (call.at.as ?? call.at.file) === file.path && own.some(({ host }) => host === call.host),
    );
    const told = [...walk(directives)].find(({ directive }) => setsAddress(directive));
    if (shared && told !== undefined) return at(file, told.directive.line);
  }
  return undefined;
}

/** Where something behind limits, allows or asks by the client's address. */
function limiter(unit: Unit): Location | undefined {
  const limits = unit.facts.of("rate-limit");
  const own = limits.find(({ hop, perClient }) => hop === "application" && perClient);
  if (own !== undefined) return own.at;
  for (const document of unit.repository.documents.all) {
    if (document.kind !== "application-source" && document.kind !== "spring-configuration")
      continue;
    const index = document.file.text.search(/x-forwarded-for|x-real-ip|remote_?addr/i);
    if (index >= 0) return at(document.file, lineAt(document.file.text, index));
    const limited = document.file.text.search(/rate-?_?limit/i);
    if (limited >= 0) return at(document.file, lineAt(document.file.text, limited));
  }
  return undefined;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** A location that passes requests on and allows by address, yet tells nobody the client's. */
function nginxHides(document: NginxDocument): readonly Found[] {
  return [...walk(document.directives)].flatMap(({ directive, within }): readonly Found[] => {
    if (directive.name !== "location" || !has(directive, "proxy_pass")) return [];
    const chain = [directive, ...within.toReversed()];
    // A level with one `proxy_set_header` inherits none of the outer ones.
    const level = chain.find((block) => has(block, "proxy_set_header"));
    if (level !== undefined && setsAddress(level)) return [];
    const siblings = within.at(-1)?.block?.filter(({ name }) => name === "location") ?? [];
    if (!siblings.some(setsAddress)) return [];
    return [
      {
        severity: "note",
        message: `location ${directive.words.join(" ")} passes no client address, its siblings do`,
        places: [at(document.file, directive.line)],
        why: WHY,
        fix: "repeat the proxy_set_header lines here, or move them to the server block",
      },
    ];
  });
}

function has(directive: NginxDirective, name: string): boolean {
  return directive.block?.some((child) => child.name === name) ?? false;
}

function setsAddress(block: NginxDirective): boolean {
  return (
    block.block?.some(
      ({ name, words }) =>
        name === "proxy_set_header" && /^(x-real-ip|x-forwarded-for)$/i.test(words[0] ?? ""),
    ) ?? false
  );
}

/** nginx limits by `$binary_remote_addr` while another proxy is in front of it. */
function limitsBehindAnother(unit: Unit): readonly Found[] {
  const nginx = unit.documents.of("nginx");
  const trusted = nginx.some(({ directives }) =>
    [...walk(directives)].some(({ directive: { name } }) => name === "real_ip_header"),
  );
  if (trusted) return [];
  const front = unit.facts
    .of("call")
    .find(
      ({ via, host, at: { file, as } }) =>
        via === "upstream" &&
        isNginx(unit, host) &&
        !nginx.some(({ file: { path } }) => path === (as ?? file)),
    );
  if (front === undefined) return [];
  return unit.facts
    .of("rate-limit")
    .filter(({ hop, perClient }) => hop === "nginx" && perClient)
    .slice(0, 1)
    .map(
      (limit): Found => ({
        severity: "warning",
        message: "nginx limits by the address of whoever connects, which is the proxy in front",
        places: [limit.at, front.at],
        why: WHY,
        fix: "set_real_ip_from the proxy's network and real_ip_header X-Forwarded-For",
      }),
    );
}

function isNginx(unit: Unit, host: string): boolean {
  const target = unit.resolve(host);
  return target.state === "component" && /nginx/i.test(target.component.image?.value ?? "");
}
