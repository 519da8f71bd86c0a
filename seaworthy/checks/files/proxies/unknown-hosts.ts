import type { Call, Component } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";

/** A service of Compose is told to call a name that no service of its network has. */
export function unknownHosts(unit: Unit): readonly Found[] {
  // What may come from elsewhere is not missing.
  if (unit.openEdges.length > 0) return [];
  const callers = unit.facts.of("component").filter((one) => mayOnlyCallOwn(one) && !isStore(one));
  const missing = unit.facts.of("call").flatMap((call) => {
    const caller = callers.find(({ name }) => name === call.component);
    if (caller === undefined || call.via !== "configuration" || call.scope !== "network") return [];
    return isNowhere(unit, call) ? [{ call, caller }] : [];
  });
  return [...Map.groupBy(missing, ({ call }) => call.host)].flatMap(([host, group]) => {
    const [first, ...others] = group;
    if (first === undefined) return [];
    const names = [...new Set(group.map(({ caller }) => caller.name))].join(", ");
    const answer = unit.resolve(host);
    const near = answer.state === "missing" ? answer.nearest : undefined;
    return [
      {
        severity: "warning",
        message: `${names} is told to call ${host}, and no service here is called so`,
        places: [first.call.at, ...others.map(({ call }) => call.at), first.caller.at],
        why: "the name does not resolve in the network: every call ends before it begins",
        fix: near === undefined ? `add the service ${host}, or name another` : `name ${near}`,
        cause: `missing-host ${host}`,
      },
    ];
  });
}

/** On the host's network, or on another service's, other names resolve. */
function mayOnlyCallOwn({ platform, hostNetwork }: Component): boolean {
  return platform === "compose" && !hostNetwork;
}

/** Nothing in the repository bears the name: another of its stacks may stand beside this one. */
function isNowhere(unit: Unit, { host }: Call): boolean {
  if (unit.resolve(host).state !== "missing") return false;
  const { facts } = unit.repository;
  const named = facts.of("component").some(({ hostNames }) => hostNames.includes(host));
  return !named && !facts.of("host-name").some(({ name }) => name === host);
}

const STORE = /(?:^|\/)(?:mysql|mariadb|postgres|postgis|redis|valkey|mongo|memcached|rabbitmq)\b/;

/** A server of data is called, and calls nobody: `MYSQL_HOST` there is a client's setting. */
function isStore({ image, build }: Component): boolean {
  return build === undefined && STORE.test(image?.value ?? "");
}
