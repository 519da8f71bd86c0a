import type { SpringConfigurationDocument } from "../../../facts/applications/applications.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { isSample } from "../monitoring/listing.ts";

interface Secure {
  readonly port: number;
  readonly at: Location;
}

/** Spring serves TLS on its port, and everybody else speaks plain HTTP to another one. */
export function tlsAgainstPlain(unit: Unit): readonly Found[] {
  return unit.documents.of("spring-configuration").flatMap((document): readonly Found[] => {
    const secure = secureOf(document);
    if (secure === undefined) return [];
    const others = plainEnds(unit);
    const [first] = others;
    if (first === undefined || others.some(({ port }) => port === secure.port)) return [];
    const ports = [...new Set(others.map(({ port }) => String(port)))].join(", ");
    return [
      {
        severity: isSample(document.file.path) ? "note" : "warning",
        message:
          `the application moves to TLS on port ${String(secure.port)} here, ` +
          `while ${first.who} and others speak plain HTTP to ${ports}`,
        places: [secure.at, ...others.slice(0, 5).map((one) => one.at)],
        why:
          "as soon as this configuration is loaded, load balancer, health checks and Prometheus " +
          "find nobody: every instance is taken out at once",
        fix:
          "end TLS at the proxy and leave the application's port plain, or move every checker, " +
          "published port and upstream to the new port and to https together",
      },
    ];
  });
}

function secureOf({ file, keys }: SpringConfigurationDocument): Secure | undefined {
  const enabled = keys.find(({ key, value }) => key === "server.ssl.enabled" && value === "true");
  const port = keys.find(
    ({ key, value, onProfile }) =>
      key === "server.port" && /^\d{2,5}$/.test(value) && onProfile === enabled?.onProfile,
  );
  if (enabled === undefined || port === undefined) return undefined;
  return { port: Number(port.value), at: at(file, port.line) };
}

interface PlainEnd {
  readonly port: number;
  readonly who: string;
  readonly at: Location;
}

/** Health checks over plain HTTP that ask Spring's own paths: they are this application's. */
function plainEnds(unit: Unit): readonly PlainEnd[] {
  return unit.facts.of("call").flatMap((call): readonly PlainEnd[] => {
    if (call.via !== "probe" || call.scheme === "https" || call.port === undefined) return [];
    if (call.path?.includes("/actuator") !== true) return [];
    const who = call.component === undefined ? "the load balancer" : `${call.component}'s check`;
    return [{ port: call.port, who, at: call.at }];
  });
}
