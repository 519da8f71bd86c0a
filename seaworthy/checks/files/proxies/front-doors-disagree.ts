import { at, type Location } from "../../../facts/source.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import type { NginxDirective, NginxDocument } from "../../../facts/proxies/proxies.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

export const frontDoorsDisagree: FileRule = {
  name: "front-doors-disagree",
  summary: "two proxies publish one application with different protection, or fight for a port",
  check: (unit) => [...protections(unit), ...ports(unit)],
};

/** A path that one proxy shuts and the other one, in front of the same servers, passes on. */
function protections(unit: Unit): readonly Found[] {
  return unit.documents.of("nginx").flatMap((document) => {
    const other = otherDoor(unit, document);
    if (other === undefined) return [];
    const shut = [...walk(document.directives)].filter(
      ({ directive }) => directive.name === "location" && isShut(directive),
    );
    return shut.flatMap(({ directive }): readonly Found[] => {
      const path = directive.words.at(-1) ?? "";
      if (!path.startsWith("/") || mentions(unit, other, path)) return [];
      return [
        {
          severity: "error",
          message: `nginx shuts ${path}, haproxy passes it on to the same servers`,
          places: [at(document.file, directive.line), other],
          why:
            "what is shut at one door is open at the other: metrics, health details and control " +
            "addresses are public for whoever comes through haproxy",
          fix: `http-request deny if { path_beg ${path} } in haproxy's frontend, or keep one proxy`,
        },
      ];
    });
  });
}

function isShut(location: NginxDirective): boolean {
  const passes = location.block?.some(({ name }) => name.endsWith("_pass")) ?? false;
  return (
    passes &&
    (location.block?.some(({ name, words }) => name === "deny" && words[0] === "all") ?? false)
  );
}

/** An HAProxy server line of this unit that is also a server of this nginx configuration. */
function otherDoor(unit: Unit, document: NginxDocument): Location | undefined {
  const calls = unit.facts.of("call").filter(({ via }) => via === "upstream");
  const own = calls.filter((call) => pathOf(call.at) === document.file.path);
  const haproxy = new Set(unit.documents.of("haproxy").map(({ file }) => file.path));
  return calls.find(
    (call) =>
      haproxy.has(pathOf(call.at)) &&
      own.some(({ host, port }) => host === call.host && port === call.port),
  )?.at;
}

function pathOf({ file, as }: Location): string {
  return as ?? file;
}

/** The other proxy's file has a rule of its own for the path. */
function mentions(unit: Unit, other: Location, path: string): boolean {
  const document = unit.documents.of("haproxy").find(({ file }) => file.path === pathOf(other));
  return (
    document?.sections.some(({ lines }) =>
      lines.some(
        ({ words }) =>
          /deny|reject|tarpit|auth/.test(words.join(" ")) &&
          words.some((word) => word.startsWith(path)),
      ),
    ) ?? false
  );
}

/** Two proxies for one host bind the same port: the second one does not start. */
function ports(unit: Unit): readonly Found[] {
  const listeners = unit.facts
    .of("listener")
    .filter(({ by }) => by === "haproxy" || by === "nginx");
  const haproxy = listeners.filter(({ by }) => by === "haproxy");
  const both = haproxy.flatMap((one) => {
    const other = listeners.find(({ by, port }) => by === "nginx" && port === one.port);
    return other === undefined ? [] : [{ one, other }];
  });
  const [first] = both;
  // Behind each other, or in containers of their own, they do not meet.
  if (
    first === undefined ||
    asksOther(unit) ||
    unit.documents.of("haproxy").some((document) => unit.consumerOf(document) !== undefined)
  ) {
    return [];
  }
  const numbers = [...new Set(both.map(({ one }) => one.port))].join(" and ");
  return [
    {
      severity: "warning",
      message: `haproxy and nginx both bind port ${numbers}, and nothing says on which hosts`,
      places: [first.one.at, first.other.at],
      why: "on one host the second one to start fails, and which one that is depends on the boot",
      fix: "keep one of them, or bind them to different addresses and say which one is in front",
    },
  ];
}

function asksOther(unit: Unit): boolean {
  return unit.facts
    .of("call")
    .some(({ via, host }) => via === "upstream" && /nginx|haproxy/.test(host));
}
