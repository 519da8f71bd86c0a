/** An image reference in its parts, without defaults filled in but for the official `library/`. */
export interface ImageRef {
  /** Host of the registry; `docker.io` where none is written. */
  readonly registry: string;
  /** Without registry, tag, digest and the `library/` of official images: `redis`, `prom/x`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const DOCKER_HUB = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/**
 * Form of the reference: github.com/distribution/reference, `normalize.go`: the first segment is a
 * registry when it holds a dot or a colon or is `localhost`. Never refuses: a text that is no
 * reference comes back as a repository that no catalogue knows.
 */
export function parseImageRef(text: string): ImageRef {
  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const slash = named.indexOf("/");
  const first = slash < 0 ? "" : named.slice(0, slash);
  const isRegistry = first.includes(".") || first.includes(":") || first === "localhost";
  const registry = isRegistry && !DOCKER_HUB.has(first) ? first : "docker.io";
  const rest = isRegistry ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(":");
  const hasTag = colon > rest.lastIndexOf("/");
  const path = hasTag ? rest.slice(0, colon) : rest;
  const isOfficial = registry === "docker.io" && path.startsWith("library/");
  return {
    registry,
    repository: isOfficial ? path.slice("library/".length) : path,
    tag: hasTag ? rest.slice(colon + 1) : undefined,
    digest,
  };
}
