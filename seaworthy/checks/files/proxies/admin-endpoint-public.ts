import { walk } from "../../../facts/proxies/nginx.ts";
import type {
  HaproxyDocument,
  HaproxySection,
  NginxDirective,
  NginxDocument,
} from "../../../facts/proxies/proxies.ts";
import type { Component, PortFact } from "../../../facts/fact.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { effectiveLines, linesOf, publicSections } from "./sections.ts";

export const adminEndpointPublic: FileRule = {
  name: "admin-endpoint-public",
  summary: "a page that controls or tells all is reachable without a password",
  check: (unit) => [
    ...unit.documents.of("haproxy").flatMap((document) => statistics(unit, document)),
    ...unit.documents.of("nginx").flatMap((document) => controlPaths(document)),
    ...unit.facts.of("component").flatMap(publishedConsoles),
  ],
};

/** The container that runs it publishes other ports, and not this section's. */
function isOnNoHostPort(unit: Unit, { file }: HaproxyDocument, section: HaproxySection): boolean {
  const runner = unit.facts
    .of("component")
    .find(
      ({ platform, mounts }) =>
        platform === "compose" &&
        mounts.some(({ type, source = "" }) => type === "bind" && file.path.endsWith(bare(source))),
    );
  if (runner === undefined || runner.hostNetwork) return false;
  const bound = linesOf(section.lines, "bind").flatMap(({ words }) => {
    const [, port] = /:(\d{1,5})$/.exec(words[1] ?? "") ?? [];
    return port === undefined ? [] : [Number(port)];
  });
  const isPublished = runner.ports.some(
    ({ port, published }) => published !== undefined && bound.includes(port),
  );
  return bound.length > 0 && runner.ports.length > 0 && !isPublished;
}

/** A mount's source without its way there; never empty. */
function bare(source: string): string {
  const plain = source.replace(/^(?:\.{1,2}\/)+/, "");
  return plain === "" ? "\0" : plain;
}

/** HAProxy's statistics without `stats auth`, in or inherited by a section that others reach. */
function statistics(unit: Unit, document: HaproxyDocument): readonly Found[] {
  const open = publicSections(document).flatMap((section) => {
    if (isOnNoHostPort(unit, document, section)) return [];
    const lines = effectiveLines(document, section);
    const enabled = [...linesOf(lines, "stats", "enable"), ...linesOf(lines, "stats", "uri")];
    const [first] = enabled.toSorted((one, other) => one.line - other.line);
    const guarded =
      linesOf(lines, "stats", "auth").length > 0 ||
      linesOf(lines, "stats", "http-request").length > 0 ||
      lines.some(
        ({ words }) =>
          /^http-request (auth|deny)/.test(words.join(" ")) && /stats|src/.test(words.join(" ")),
      );
    return first === undefined || guarded ? [] : [{ section, first }];
  });
  const [first] = open;
  if (first === undefined) return [];
  const admin = document.sections.flatMap(({ lines }) => linesOf(lines, "stats", "admin"));
  const names = open.map(({ section }) => section.name).join(", ");
  return [
    {
      severity: "error",
      message: `haproxy's statistics are open to everybody who reaches ${names}`,
      places: [at(document.file, first.first.line), at(document.file, first.section.line)],
      why:
        "anybody reads the names, addresses and errors of every server" +
        (admin.length > 0 ? ", and takes servers out of service with one click" : ""),
      fix: "stats auth with a secret, in a listen section of its own bound to 127.0.0.1",
    },
  ];
}

/** Actuators and the like that nginx passes on to whoever asks. */
const CONTROLS =
  "actuator manage(ment)? metrics debug nacos phpmyadmin adminer server-status admin/metrics " +
  "api/metrics prometheus heapdump env";
const CONTROL = new RegExp(`^/(${CONTROLS.replaceAll(" ", "|")})(/|$)`);

function controlPaths(document: NginxDocument): readonly Found[] {
  return [...walk(document.directives)].flatMap(({ directive, within }): readonly Found[] => {
    const path = directive.words.at(-1) ?? "";
    if (directive.name !== "location" || !CONTROL.test(path)) return [];
    if (!(directive.block ?? []).some(({ name }) => name.endsWith("_pass"))) return [];
    if ([directive, ...within].some(isGuarded) || onLoopback(within)) return [];
    return [
      {
        severity: "warning",
        message: `nginx passes ${path} on to everybody`,
        places: [at(document.file, directive.line)],
        why:
          "figures, settings or controls of the inside are public: they tell an attacker what " +
          "to try, and some of them switch things off",
        fix: "allow the networks that need it and deny all, or auth_basic, in this location",
      },
    ];
  });
}

function isGuarded({ block }: NginxDirective): boolean {
  return (block ?? []).some(
    ({ name, words }) =>
      ((name === "deny" || name === "return") && /^(all|403|404)$/.test(words[0] ?? "")) ||
      name === "auth_request" ||
      name === "internal" ||
      name === "ssl_verify_client" ||
      (name === "auth_basic" && words[0] !== "off"),
  );
}

function onLoopback(within: readonly NginxDirective[]): boolean {
  const listens = within
    .flatMap(({ block }) => block ?? [])
    .filter(({ name }) => name === "listen");
  return (
    listens.length > 0 &&
    listens.every(({ words }) => /^(127\.|localhost|unix:)/.test(words[0] ?? ""))
  );
}

/** Programs whose pages have no password of their own until somebody sets one. */
interface OpenConsole {
  readonly image: RegExp;
  readonly ports: readonly number[];
  readonly severity: "error" | "warning";
  readonly does: string;
  /** Set so, it does ask for one. */
  readonly isShut?: (component: Component) => boolean;
  readonly fix: string;
}

const OPEN_CONSOLES: readonly OpenConsole[] = [
  {
    // https://github.com/nacos-group/nacos-docker: NACOS_AUTH_ENABLE defaults to false (2.x).
    image: /(^|\/)nacos(-server)?(:|$)/,
    ports: [8848],
    severity: "error",
    does: "anybody reads and changes the configuration of every service, passwords included",
    isShut: ({ environment }) => environment.get("NACOS_AUTH_ENABLE")?.value === "true",
    fix: "NACOS_AUTH_ENABLE=true with its token and identity, and the port bound to 127.0.0.1",
  },
  {
    // https://prometheus.io/docs/prometheus/latest/querying/api/#tsdb-admin-apis
    image: /(^|\/)prometheus(:|$)/,
    ports: [9090],
    severity: "warning",
    does: "anybody stops the monitoring or deletes its figures",
    isShut: ({ command }) => {
      const words = (command?.value ?? []).join(" ");
      return (
        words.includes("--web.config.file") || !/--web\.enable-(admin-api|lifecycle)/.test(words)
      );
    },
    fix: "remove the flags, or bind the port to 127.0.0.1",
  },
  {
    image: /(^|\/)(kafka-ui|redis-commander|akhq|rocketmq-dashboard|rocketmq-console(-ng)?)(:|$)/,
    ports: [],
    severity: "warning",
    does: "anybody reads and deletes what the store or queue holds",
    isShut: ({ environment }) =>
      [...environment.keys()].some((name) => /AUTH|PASSWORD|LOGIN/.test(name)),
    fix: "set its login, or bind the port to 127.0.0.1",
  },
];

function publishedConsoles(component: Component): readonly Found[] {
  const image = component.image?.value ?? "";
  return OPEN_CONSOLES.flatMap((console): readonly Found[] => {
    if (!console.image.test(image) || console.isShut?.(component) === true) return [];
    const port = component.ports.find((candidate) => isOpen(candidate, console.ports));
    if (port === undefined) return [];
    return [
      {
        severity: console.severity,
        message: `${component.name} is published on every address and asks for no password`,
        places: [port.at, component.image?.at ?? component.at],
        why: console.does,
        fix: console.fix,
      },
    ];
  });
}

function isOpen({ port, published }: PortFact, ports: readonly number[]): boolean {
  if (published === undefined || (ports.length > 0 && !ports.includes(port))) return false;
  const { address } = published;
  return address === undefined || address === "0.0.0.0" || address === "::";
}
