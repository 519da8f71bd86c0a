import type { Step } from "../../../facts/fact.ts";
import { annotationOf, ingressesOf, ingressRoutes } from "../../../facts/kubernetes/ingress.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { entryAt } from "../../../facts/node.ts";
import type { NginxDirective } from "../../../facts/proxies/proxies.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample } from "../monitoring/listing.ts";

/** `curl -f` ends with 0 at 301 and 308: it does not follow without `-L`, and 3xx is no failure. */
export function redirectedChecks(unit: Unit): ReturnType<FileRule["check"]> {
  return unit.facts.of("step").flatMap((step): readonly Found[] => {
    const url = checkedUrl(step);
    if (url === undefined) return [];
    const redirect = ingressRedirect(unit, url.host) ?? proxyRedirect(unit, url.host);
    const unrouted = isRouted(unit, url) ? undefined : routesAt(unit, url.host);
    if (redirect === undefined) return [];
    const route = unrouted === undefined ? "" : `, and nothing routes ${url.path}`;
    return [
      {
        severity: isSample(step.script) ? "note" : "warning",
        message:
          `curl -f http://${url.host}${url.path} is answered with a redirect to https, ` +
          `which curl takes for success${route}`,
        places: [step.at, redirect, ...(unrouted === undefined ? [] : [unrouted])],
        why:
          "the check passes as long as the proxy lives: the script calls a dead application " +
          "healthy, deploys over it, or never fails over",
        fix: `curl -fsSL --max-time 5 https://${url.host}${url.path}, with a path that is routed`,
      },
    ];
  });
}

interface Checked {
  readonly host: string;
  readonly path: string;
}

/** The plain URL that a step asks with -f and without -L. */
function checkedUrl({ expanded }: Step): Checked | undefined {
  if (expanded[0] !== "curl") return undefined;
  const flags = expanded.filter((word) => /^-[a-zA-Z]{1,12}$/.test(word)).join("");
  const fails = flags.includes("f") || expanded.includes("--fail");
  const follows = flags.includes("L") || expanded.includes("--location");
  const url = expanded.find((word) => word.startsWith("http://"));
  const [, host, port, path = "/"] =
    /^http:\/\/([\w.-]{1,253})(?::(\d{1,5}))?(\/[^?#$]{0,500})?(?:[?#]|$)/.exec(url ?? "") ?? [];
  if (!fails || follows || host === undefined || (port !== undefined && port !== "80")) return;
  return { host, path };
}

/** ingress-nginx redirects to https with 308 where TLS is configured, unless it is told not to. */
function ingressRedirect(unit: Unit, host: string): Location | undefined {
  const ingress = ingressesOf(unit.documents).find((one) => serves(unit, one, host));
  if (ingress === undefined) return undefined;
  const named = (name: string) => annotationOf(ingress, `nginx.ingress.kubernetes.io/${name}`);
  const forced = named("force-ssl-redirect");
  if (forced?.value === "true") return forced.at;
  const asked = named("ssl-redirect");
  const tls = entryAt(ingress.root, "spec", "tls");
  if (asked?.value === "false" || tls === undefined) return undefined;
  // Other controllers decide otherwise: something must say that it is this one.
  const isNginx = /nginx/.test(ingress.file.text.slice(0, 20_000));
  return asked?.at ?? (isNginx ? at(ingress.file, tls.line) : undefined);
}

function serves(unit: Unit, ingress: KubeObject, host: string): boolean {
  return ingressRoutes(unit.documents).some(
    (route) => route.ingress === ingress && route.host === host,
  );
}

function routesAt(unit: Unit, host: string): Location | undefined {
  const route = ingressRoutes(unit.documents).find((one) => one.host === host);
  return route === undefined ? undefined : at(route.ingress.file, route.pathLine);
}

function isRouted(unit: Unit, { host, path }: Checked): boolean {
  const routes = ingressRoutes(unit.documents).filter((route) => route.host === host);
  return (
    routes.length === 0 ||
    routes.some(
      (route) =>
        /[()[\]*+$]/.test(route.path) ||
        (route.prefix ? path.startsWith(route.path) : path === route.path),
    )
  );
}

/** A proxy of these files that redirects all plain requests to this host. */
function proxyRedirect(unit: Unit, host: string): Location | undefined {
  const isHere = host === "localhost" || host === "127.0.0.1";
  const servers = unit.documents.of("nginx").flatMap(({ file, directives }) =>
    [...walk(directives)]
      .map(({ directive }) => directive)
      .filter((directive) => isPlainServer(directive, isHere ? undefined : host))
      .map((directive) => ({ file, redirect: redirectIn(directive) })),
  );
  const [first] = servers;
  // Which of several servers answers here is not known, unless they all redirect.
  if (first?.redirect === undefined || !servers.every(({ redirect }) => redirect)) return undefined;
  return at(first.file, first.redirect.line);
}

function isPlainServer({ name, block }: NginxDirective, host: string | undefined): boolean {
  if (name !== "server" || block === undefined) return false;
  const listens = block.filter((one) => one.name === "listen").map(({ words }) => words[0] ?? "");
  const names = block.filter((one) => one.name === "server_name").flatMap(({ words }) => words);
  const isPlain = listens.length === 0 || listens.some((text) => /(?:^|:)80$/.test(text));
  return isPlain && (host === undefined || names.includes(host));
}

/** The redirect to https that is all that a server answers. */
function redirectIn({ block = [] }: NginxDirective): NginxDirective | undefined {
  const all = [...block, ...(block.find(isRoot)?.block ?? [])];
  return all.find(
    ({ name, words: [status = "", target] }) =>
      name === "return" && /^30[1278]$/.test(status) && (target?.startsWith("https://") ?? false),
  );
}

function isRoot({ name, words }: NginxDirective): boolean {
  return name === "location" && words[0] === "/";
}
