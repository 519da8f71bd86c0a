import type { Call, Component } from "../facts/fact.ts";
import { nearest } from "../system/nearest.ts";
import type { Unit } from "../facts/unit.ts";
import type { FileRule, Found } from "./files/file-rule.ts";

/**
 * The declaration's side of `upstream-nobody-listens`: an address that is written as text, where a
 * reference would be filled in. Names of one word that are like no declared one may be known to the
 * machine, so nothing is said of them.
 */
export const declaredHosts: FileRule = {
  name: "upstream-nobody-listens",
  summary: "an environment names a host that nobody is called",
  check: (unit) =>
    unit.facts
      .of("call")
      .filter(({ via, scheme }) => via === "configuration" && NETWORKED.test(scheme ?? ""))
      .flatMap((call) => found(unit, call)),
};

/** What is spoken to a host; the word after `s3://` is a bucket. */
const NETWORKED = new RegExp(
  "^(?:https?|wss?|grpcs?|tcp|udp|postgres(?:ql)?|mysql|mariadb|rediss?|valkeys?|amqps?|nats|" +
    "mongodb|kafka|memcached?)$",
);

/** So short names are like each other by chance. */
const COMPARED_LENGTH_MIN = 4;

function found(unit: Unit, call: Call): readonly Found[] {
  const { host } = call;
  const target = unit.resolve(host);
  if (target.state === "component") {
    return isProcess(target.component) ? [unfilled(call, target.component)] : [];
  }
  if (target.state !== "missing") return [];
  const component = meantBy(host, unit.facts.of("component"));
  return component === undefined ? [] : [misspelt(call, component)];
}

/** `web2` is no slip for `web`, but another machine. */
function meantBy(host: string, components: readonly Component[]): Component | undefined {
  if (host.length < COMPARED_LENGTH_MIN) return undefined;
  const named = components.filter(
    ({ hostNames, name }) => hostNames.includes(name) && lettersOf(name) !== lettersOf(host),
  );
  const meant = nearest(
    host,
    named.map(({ name }) => name),
  );
  return named.find(({ name }) => name === meant);
}

function lettersOf(name: string): string {
  return name.replaceAll(/[\d-]/g, "").toLowerCase();
}

/** Without a container engine nobody resolves the names of services. */
function isProcess({ build, hostNames }: Component): boolean {
  return build !== undefined && hostNames.length > 0;
}

const WHY =
  "every call fails with an unknown host, from the first request on; a health check of the " +
  "caller's own may never notice";

function unfilled({ at, component = "", host }: Call, target: Component): Found {
  const reference = `ref("${target.name}")`;
  return {
    severity: "warning",
    message:
      `${component} is told to call the host ${host}: that is a service's name, and its ` +
      "instances get their addresses when they start",
    places: [at, target.at],
    why: WHY,
    fix: `let the address be filled in: ${reference}, or text\`\${${reference}}/…\``,
  };
}

function misspelt({ at, component = "", host }: Call, target: Component): Found {
  return {
    severity: "warning",
    message: `${component} is told to call the host ${host}, and nobody is called so`,
    places: [at, target.at],
    why: WHY,
    fix: `if ${target.name} is meant, let its address be filled in: ref("${target.name}")`,
  };
}
