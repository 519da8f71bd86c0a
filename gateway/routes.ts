/** Longest prefix first; `/v1` matches `/v1` and `/v1/…`, never `/v1x`. */
export function byPrefixLength<Route extends { readonly prefix: string }>(
  routes: readonly Route[],
): readonly Route[] {
  return routes.toSorted((a, b) => b.prefix.length - a.prefix.length);
}

/** The first route of a table sorted by `byPrefixLength` that matches a path without its query. */
export function matchRoute<Route extends { readonly prefix: string }>(
  routes: readonly Route[],
  path: string,
): Route | undefined {
  for (const route of routes) {
    if (matches(route.prefix, path)) return route;
  }
  return undefined;
}

const SLASH = 47;

function matches(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false;
  return (
    path.length === prefix.length ||
    prefix.charCodeAt(prefix.length - 1) === SLASH ||
    path.charCodeAt(prefix.length) === SLASH
  );
}

/** `/a/../b`, also written with %2e: what a route matched is not what the service would read. */
export function hasDotSegment(path: string): boolean {
  // Nearly every path has neither: those cost two searches and no expression.
  return (path.includes("/.") || path.includes("/%")) && DOT_SEGMENT.test(path);
}

const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
