import { LOOPBACK } from "../edge-parts.ts";
import { type GroupedRoutes, type RouteGroup, wholeWeight } from "../route-groups.ts";
import { literally } from "./words.ts";

const WEIGHT_MAX = 100;
/** Below the 5 s after which Node's server closes an idle connection by default. */
const IDLE_SECONDS = 4;
/** Kept to instances by each worker. */
const IDLE_MAX = 64;
/** Three in a row, as the gateway ejects; nginx tries it again after its own default. */
const PASSIVE = "max_fails=3 fail_timeout=10s";

/** One for each group of routes that has instances; a group without is answered 503. */
export function upstreams({ groups }: GroupedRoutes): readonly string[] {
  return groups.filter(({ instances }) => instances.length > 0).flatMap(upstream);
}

function upstream(group: RouteGroup): readonly string[] {
  const { name, instances } = group;
  return [
    ...hashKey(group),
    "",
    `  upstream ${name} {`,
    "    # What one worker has seen of an instance, all know.",
    `    zone ${name} 256k;`,
    ...balance(group),
    "    # Only what passes its ready check stands here; besides, three failures in a row take",
    "    # an instance out for a while: this build of nginx has no checks of its own.",
    ...instances.map((instance) => {
      const weight = wholeWeight(instance, instances, WEIGHT_MAX);
      // No weight at all is not known here: it is left out of what may be chosen.
      const share = weight === 0 ? "down" : `weight=${weight}`;
      return `    server ${LOOPBACK}:${instance.port} ${share} ${PASSIVE};  # ${instance.id}`;
    }),
    `    keepalive ${IDLE_MAX};`,
    "    # Given up before the instance does, which would cost the next request.",
    `    keepalive_timeout ${IDLE_SECONDS}s;`,
    "  }",
  ];
}

function balance(group: RouteGroup): readonly string[] {
  switch (group.route.balance) {
    case "round-robin":
      return ["    # How an instance is chosen (balance): in turn, which is the default."];
    case "least-connections":
      return ["    # How an instance is chosen (balance).", "    least_conn;"];
    case "consistent-hash":
      return [
        "    # How an instance is chosen (balance): most keys stay where they are.",
        `    hash ${keyOf(group)} consistent;`,
      ];
  }
}

function keyOf({ name, route: { hashBy } }: RouteGroup): string {
  if (hashBy === undefined || hashBy.by === "client") return "$remote_addr";
  return hashBy.by === "path" ? "$uri" : `$sw_key_${name.replaceAll(/[^a-z0-9]/g, "_")}`;
}

/** Where a request lacks it, the client's address. */
function hashKey(group: RouteGroup): readonly string[] {
  const { hashBy } = group.route;
  const map = (variable: string, cases: string): readonly string[] => [
    "",
    "  # What requests are spread by; one without it goes by its client's address.",
    `  map ${variable} ${keyOf(group)} { ${cases} }`,
  ];
  switch (hashBy?.by) {
    case "header": {
      const header = `$http_${hashBy.name.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_")}`;
      return map(header, `default ${header}; "" $remote_addr;`);
    }
    case "cookie": {
      const value = `"~(?:^|;\\s*)${literally(hashBy.name)}=(?<said>[^;]+)" $said`;
      return map("$http_cookie", `default $remote_addr; ${value};`);
    }
    case "client":
    case "path":
    case undefined:
      return [];
  }
}
