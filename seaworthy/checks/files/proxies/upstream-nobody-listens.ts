import type { Call, Component } from "../../../facts/fact.ts";
import type { Document } from "../../../facts/document.ts";
import type { Location } from "../../../facts/source.ts";
import { workloadsOf } from "../../../facts/kubernetes/workloads.ts";
import type { Unit } from "../../../facts/unit.ts";
import { absence } from "../closed-world.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { runsInContainer, scriptsOf } from "../scripts/scripts-of.ts";
import { isLoopback } from "./sections.ts";
import { unknownHosts } from "./unknown-hosts.ts";

export const upstreamNobodyListens: FileRule = {
  name: "upstream-nobody-listens",
  summary: "a proxy, hook, script or service asks an address where nobody listens",
  check: (unit) => {
    const calls = unit.facts
      .of("call")
      .filter(({ via }) => via === "upstream" || via === "webhook" || via === "script");
    return [
      ...unresolved(unit, calls),
      ...ownLoopback(unit, calls),
      ...fromTheHost(unit, calls),
      ...unknownHosts(unit),
    ];
  },
};

/** Names that nothing in the unit has: one finding a file. */
function unresolved(unit: Unit, calls: readonly Call[]): readonly Found[] {
  // What starts the containers is not here, or is made by a template: nothing says who is there.
  if (!unit.facts.of("component").some(isDeclared)) return [];
  const missing = new Map<Document, Call[]>();
  for (const call of calls) {
    if (call.via === "script" || unit.resolve(call.host).state !== "missing") continue;
    // An Ingress without its Service is what k8s-reference-missing says.
    if (call.scope === "cluster") continue;
    const document = documentOf(unit, call.at);
    if (document !== undefined) missing.set(document, [...(missing.get(document) ?? []), call]);
  }
  return [...missing].flatMap(([document, found]): readonly Found[] => {
    const [first, ...others] = firstOfEach(found);
    if (first === undefined) return [];
    const { severity, seen, because } = absence(unit, document);
    const names = [first, ...others].map(
      ({ host, port }) => `${host}${port === undefined ? "" : `:${port}`}`,
    );
    const hook = first.via === "webhook";
    return [
      {
        severity,
        message: `nobody is called ${names.join(", ")}${because === "" ? "" : `, ${because}`}`,
        places: [first.at, ...others.map(({ at }) => at), ...seen],
        why: hook
          ? "every alert sent there is dropped, and the sender only writes it into its own log"
          : "nginx does not start when a name of its upstreams is unknown; haproxy counts the " +
            "server as down: requests end in 502 and 503",
        fix: "name the service as the deployment does, or add the one that is missing",
        cause: `missing-host ${first.host}`,
      },
    ];
  });
}

function isDeclared({ platform }: Component): boolean {
  return platform !== "docker-run" && platform !== "host";
}

function firstOfEach(calls: readonly Call[]): readonly Call[] {
  return calls.filter((call, index) => calls.findIndex(({ host }) => host === call.host) === index);
}

function documentOf(unit: Unit, { file, as }: Location): Document | undefined {
  return unit.documents.all.find(({ file: { path } }) => path === (as ?? file));
}

/** A load balancer whose other servers are other hosts asks itself. */
function ownLoopback(unit: Unit, calls: readonly Call[]): readonly Found[] {
  return calls.flatMap((call): readonly Found[] => {
    if (call.via !== "upstream" || !isLoopback(call.host) || call.port === undefined) return [];
    if (isForCertificates(unit, call)) return [];
    const document = documentOf(unit, call.at);
    if (document === undefined) return [];
    const others = calls.filter(
      ({ at, host, port }) =>
        (at.as ?? at.file) === (call.at.as ?? call.at.file) &&
        !isLoopback(host) &&
        port === call.port,
    );
    const listens = unit.facts.of("listener").some(({ port }) => port === call.port);
    const container = unit.consumerOf(document);
    const [other] = others;
    if (listens || (other === undefined && container === undefined)) return [];
    const end = other?.at ?? container;
    if (end === undefined || isReachableOnHost(unit, call, container)) return [];
    if (container !== undefined && runsOtherPrograms(unit, container)) return [];
    return [
      {
        severity: container === undefined ? "warning" : "error",
        message:
          `${call.host}:${call.port} is the proxy's own machine; ` +
          (other === undefined
            ? "in a container nobody else listens there"
            : `the application listens on ${other.host}:${other.port}`),
        places: [call.at, end],
        why: "every request sent there ends in 503; a health check behind it takes the site out",
        fix: "name the servers of the application, or a service of the same network",
      },
    ];
  });
}

/** A client of ACME runs beside the proxy for the moment of a renewal. */
function isForCertificates(unit: Unit, { at: { file, as, line } }: Call): boolean {
  const document = documentOf(unit, { file: as ?? file, line });
  const lines = document?.file.text.split("\n").slice(Math.max(0, line - 4), line) ?? [];
  return /letsencrypt|certbot|acme/i.test(lines.join(" "));
}

const SEVERAL =
  /supervisor|\bs6\b|s6-overlay|runit|\bmonit\b|\bpm2\b|foreman|honcho|circus|overmind/i;

/** A script puts the file on a host, or the image or pod starts more than the proxy. */
function runsOtherPrograms(unit: Unit, { file, as }: Location): boolean {
  const { documents } = unit.repository;
  const path = as ?? file;
  // Containers of one pod share its loopback.
  const pods = workloadsOf(unit.documents).filter(({ object }) => object.file.path === path);
  if (pods.some(({ containers }) => containers.length > 1)) return true;
  if (documents.of("shell").some((script) => script.file.path === path)) return true;
  const image = documents.of("dockerfile").find((one) => one.file.path === path);
  return (
    image !== undefined &&
    image.stages
      .flatMap(({ instructions }) => instructions)
      .some(
        ({ keyword, text }) =>
          SEVERAL.test(text) || (/^(?:CMD|ENTRYPOINT)$/.test(keyword) && /\.sh\b/.test(text)),
      )
  );
}

/** Something that runs on the host, or publishes the port on it. */
function isReachableOnHost(unit: Unit, call: Call, container: Location | undefined): boolean {
  const components = unit.facts.of("component");
  if (container !== undefined) {
    return components.some(({ hostNetwork }) => hostNetwork);
  }
  const remote = unit.facts
    .of("call")
    .some(
      ({ via, host, at }) =>
        via === "upstream" && at.file === call.at.file && /^\d/.test(host) && !isLoopback(host),
    );
  return (
    !remote &&
    components.some(({ ports }) => ports.some(({ published }) => published?.port === call.port))
  );
}

/** A script on the host uses a name that only the containers' network knows. */
function fromTheHost(unit: Unit, calls: readonly Call[]): readonly Found[] {
  const found = calls.filter(({ via, scope, host }) => {
    if (via !== "script" || scope !== "host") return false;
    const target = unit.resolve(host);
    return target.state === "component" && target.component.platform === "compose";
  });
  const scripts = new Set(found.map(({ at: { file, as } }) => as ?? file));
  const inside = scriptsOf(unit).filter((script) => runsInContainer(script, unit.repository));
  return [...scripts].flatMap((script): readonly Found[] => {
    if (inside.some(({ path }) => path === script)) return [];
    const [first, ...others] = found.filter(({ at: { file, as } }) => (as ?? file) === script);
    if (first === undefined) return [];
    const target = unit.resolve(first.host);
    const names = [...new Set([first, ...others].map(({ host }) => host))];
    return [
      {
        severity: "warning",
        message: `a script on the host asks ${names.join(", ")}, a name of the containers' network`,
        places: [
          first.at,
          ...others.map(({ at }) => at),
          ...(target.state === "component" ? [target.component.at] : []),
        ],
        why: "the host does not resolve it: the script fails, or calls what is well unhealthy",
        fix: "use docker compose exec, or a port published on 127.0.0.1",
      },
    ];
  });
}
