import type { Finding } from "../system/finding.ts";
import { formatListen } from "../system/listen.ts";
import { joinPath } from "../system/path.ts";
import type { ListenAddress, Route } from "../system/system.ts";
import type { Rule } from "./rule.ts";

/** Units of one name are no graph at all (`expand` refuses them); these are clashes inside one. */
export const nameClash: Rule = {
  name: "name-clash",
  check: ({ graph }) => [
    ...listenClashes(graph.edge?.listen ?? []),
    ...prefixClashes(graph.edge?.routes ?? []),
  ],
};

function listenClashes(listen: readonly ListenAddress[]): readonly Finding[] {
  return listen.flatMap((address, index) => {
    const other = listen.slice(0, index).findIndex((each) => isSameSocket(each, address));
    if (other < 0) return [];
    return [
      {
        rule: "name-clash",
        severity: "error",
        message: `the edge listens twice on port ${address.port}: ${formatListen(address)}`,
        places: [
          { path: joinPath("edge.listen", other) },
          { path: joinPath("edge.listen", index) },
        ],
        why: "The second one cannot be opened, and the edge does not start.",
        fix: "Remove one of them, or give it another port.",
      } as const,
    ];
  });
}

function isSameSocket(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port === 0 || one.port !== other.port) return false;
  const everywhere = ["0.0.0.0", "::"];
  return (
    one.host === other.host || [one.host, other.host].some((host) => everywhere.includes(host))
  );
}

function prefixClashes(routes: readonly Route[]): readonly Finding[] {
  const bare = (prefix: string): string => prefix.replace(/\/+$/, "");
  return routes.flatMap((route, index) => {
    const other = routes
      .slice(0, index)
      .find(({ prefix, to }) => bare(prefix) === bare(route.prefix) && to !== route.to);
    if (other === undefined) return [];
    return [
      {
        rule: "name-clash",
        severity: "warning",
        message:
          `\`${other.prefix}\` and \`${route.prefix}\` differ in a slash, ` +
          `and lead to \`${other.to}\` and \`${route.to}\``,
        places: [other, route].map(({ prefix }) => ({ path: joinPath("edge.routes", prefix) })),
        why: "Clients add or drop that slash without a thought, and land somewhere else.",
        fix: "Keep one of them, or give them names that differ.",
      } as const,
    ];
  });
}
