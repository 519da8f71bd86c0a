import type { Route } from "./system.ts";

/** The route that an edge would choose: the longest prefix that ends at a segment's border. */
export function routeOf(path: string, routes: readonly Route[]): Route | undefined {
  const [plain = ""] = path.split("?");
  return routes
    .filter(({ prefix }) => {
      if (plain === prefix || prefix.endsWith("/")) return plain.startsWith(prefix);
      return plain.startsWith(`${prefix}/`);
    })
    .toSorted((left, right) => right.prefix.length - left.prefix.length)[0];
}
