import type { Call } from "../../../facts/fact.ts";
import { at, type Location } from "../../../facts/source.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import type {
  HaproxyDocument,
  NginxDirective,
  NginxDocument,
} from "../../../facts/proxies/proxies.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isLoopback, linesOf } from "./sections.ts";

const WHY =
  "keys, cookies and bodies of whoever uses the plain address cross the network readable, and " +
  "nobody notices, since everything works";

export const plainHttpServed: FileRule = {
  name: "plain-http-served",
  summary: "an application that is served over TLS can also be had in the clear",
  check: (unit) => [
    ...unit.documents.of("nginx").flatMap(inNginx),
    ...unit.documents.of("haproxy").flatMap(inHaproxy),
    ...besideProxy(unit),
  ],
};

/** A server that listens with and without TLS and sends nobody from the one to the other. */
function inNginx(document: NginxDocument): readonly Found[] {
  const servers = [...walk(document.directives)].flatMap(({ directive }) =>
    directive.name === "server" && directive.block !== undefined ? [directive] : [],
  );
  const secured = servers.filter((server) => listens(server, true) !== undefined);
  return servers.flatMap((server): readonly Found[] => {
    const plain = listens(server, false);
    if (plain === undefined || !proxies(server) || redirects(server)) return [];
    const twin = secured.find((other) => other === server || sharesName(other, server));
    const tls = twin === undefined ? undefined : listens(twin, true);
    if (tls === undefined) return [];
    return [found(at(document.file, plain.line), at(document.file, tls.line))];
  });
}

function found(plain: Location, tls: Location): Found {
  return {
    severity: "warning",
    message: "the plain port serves the application beside the TLS port, and redirects nobody",
    places: [plain, tls],
    why: WHY,
    fix: "give the plain port a server of its own that only answers 301 to https",
  };
}

function listens(server: NginxDirective, tls: boolean): NginxDirective | undefined {
  return server.block?.find(
    ({ name, words }) =>
      name === "listen" &&
      !isLoopback(words[0] ?? "") &&
      !(words[0] ?? "").startsWith("unix:") &&
      words.includes("ssl") === tls &&
      !words.includes("quic"),
  );
}

function proxies(server: NginxDirective): boolean {
  return [...walk(server.block ?? [])].some(({ directive }) => directive.name.endsWith("_pass"));
}

/** `return 301 https://…` or a rewrite to https, anywhere but in a location of its own. */
function redirects(server: NginxDirective): boolean {
  return [...walk(server.block ?? [])].some(
    ({ directive: { name, words } }) =>
      (name === "return" || name === "rewrite") && words.some((word) => word.startsWith("https:")),
  );
}

function sharesName(one: NginxDirective, other: NginxDirective): boolean {
  const names = (server: NginxDirective) =>
    server.block?.find(({ name }) => name === "server_name")?.words ?? [];
  return names(one).some((name) => name !== "_" && names(other).includes(name));
}

function inHaproxy(document: HaproxyDocument): readonly Found[] {
  return document.sections.flatMap((section): readonly Found[] => {
    const binds = linesOf(section.lines, "bind");
    const tls = binds.find(({ words }) => words.includes("ssl"));
    const plain = binds.find(
      ({ words }) => !words.includes("ssl") && !isLoopback(words[1] ?? "") && !isProxied(words),
    );
    const redirect = section.lines.some(({ words }) => words.join(" ").includes("scheme https"));
    if (tls === undefined || plain === undefined || redirect) return [];
    return [found(at(document.file, plain.line), at(document.file, tls.line))];
  });
}

/** Somebody in front speaks TLS and says so. */
function isProxied(words: readonly string[]): boolean {
  return words.includes("accept-proxy");
}

/** An application's port is published to everybody beside the proxy that speaks TLS for it. */
function besideProxy(unit: Unit): readonly Found[] {
  const secured = unit.facts.of("listener").filter(({ tls }) => tls);
  const files = new Set(secured.map(({ at: { file, as } }) => as ?? file));
  const said = new Set<string>();
  return unit.facts.of("call").flatMap((call): readonly Found[] => {
    if (call.via !== "upstream" || !files.has(call.at.as ?? call.at.file)) return [];
    // The application speaks TLS itself.
    if (call.scope === "network" && (call.scheme === "https" || speaksTls(unit, call))) return [];
    const target = unit.resolve(call.host);
    if (target.state !== "component" || said.has(target.component.name)) return [];
    const port = target.component.ports.find(
      ({ port: inner, published }) =>
        inner === call.port && published !== undefined && isPublic(published.address),
    );
    if (port === undefined) return [];
    said.add(target.component.name);
    return [
      {
        severity: "warning",
        message:
          `${target.component.name} is published on every address beside the proxy ` +
          "that speaks TLS for it",
        places: [port.at, call.at],
        why: WHY,
        fix: "remove the published port, or bind it to 127.0.0.1: the proxy does not need it",
      },
    ];
  });
}

/** `proxy_pass https://name` with an upstream of that file. */
function speaksTls(unit: Unit, { at: { file, as } }: Call): boolean {
  const document = unit.documents.of("nginx").find((one) => one.file.path === (as ?? file));
  const passes = [...walk(document?.directives ?? [])].filter(
    ({ directive: { name } }) => name === "proxy_pass",
  );
  return (
    passes.length > 0 &&
    passes.every(({ directive: { words } }) => words[0]?.startsWith("https:") === true)
  );
}

function isPublic(address: string | undefined): boolean {
  return address === undefined || address === "0.0.0.0" || address === "::";
}
