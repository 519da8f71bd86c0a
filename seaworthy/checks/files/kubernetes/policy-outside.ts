import { isOwnAddress } from "../../../facts/addresses.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Location } from "../../../facts/source.ts";

/** A host outside the cluster that something is told to call. */
export interface Outside {
  readonly host: string;
  readonly port: number;
  readonly at: Location;
  /** The workload that calls; undefined where only a file of variables says it. */
  readonly component: string | undefined;
}

const PORTS: ReadonlyMap<string, number> = new Map([
  ["http", 80],
  ["https", 443],
  ["postgres", 5432],
  ["postgresql", 5432],
  ["mysql", 3306],
  ["mariadb", 3306],
  ["redis", 6379],
  ["rediss", 6379],
  ["mongodb", 27_017],
  ["amqp", 5672],
  ["amqps", 5671],
]);

/** Hosts with a domain that configuration names, with the port that is dialled. */
export function outsideHosts(unit: Unit): readonly Outside[] {
  return [...fromCalls(unit), ...fromVariables(unit)].filter(({ host }) => isDomain(host));
}

function fromCalls(unit: Unit): readonly Outside[] {
  return unit.facts.of("call").flatMap((call): readonly Outside[] => {
    const port = call.port ?? PORTS.get(call.scheme ?? "");
    if (port === undefined || (call.via !== "configuration" && call.via !== "dsn")) return [];
    return [{ host: call.host, port, at: call.at, component: call.component }];
  });
}

/** Longer values hold data. */
const VALUE_CHARACTERS_MAX = 2000;
const URL = /^(?:jdbc:)?([a-z]{2,20}):\/\/(?:[^@/]*@)?([\w.-]{1,253})(?::(\d{2,5}))?(?:[/?]|$)/i;

function fromVariables(unit: Unit): readonly Outside[] {
  return unit.documents
    .of("environment")
    .filter(({ isTemplate }) => !isTemplate)
    .flatMap(({ variables }) => variables)
    .flatMap(({ name, value, at }): readonly Outside[] => {
      if (value.length > VALUE_CHARACTERS_MAX || isOwnAddress(name)) return [];
      const [, scheme = "", host = "", written] = URL.exec(value) ?? [];
      const port = written === undefined ? PORTS.get(scheme.toLowerCase()) : Number(written);
      return port === undefined ? [] : [{ host, port, at, component: undefined }];
    });
}

/** A name with a domain that is no name of the cluster, and no address. */
function isDomain(host: string): boolean {
  return (
    /\.[a-z]{2,63}$/i.test(host) &&
    !/\.(?:svc|local|internal|cluster|localhost)$|\.svc\./.test(host)
  );
}
