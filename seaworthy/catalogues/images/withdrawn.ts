import { matchesPattern } from "../pattern.ts";
import { parseImageRef } from "./image-ref.ts";
import withdrawnFile from "./withdrawn.json" with { type: "json" };

const STATES = ["frozen", "moved", "never-published", "unmaintained", "withdrawn"] as const;

/** Why an image reference should not be used any more. */
export interface Withdrawal {
  /**
   * `never-published` and `withdrawn`: a pull fails; `moved`: it fails or will; `frozen`: old
   * tags are served for now, new ones never; `unmaintained`: served, and no longer mended.
   */
  readonly state: (typeof STATES)[number];
  readonly since: string | undefined;
  readonly successor: string | undefined;
  readonly sources: readonly string[];
}

interface Row {
  readonly registry?: string;
  readonly image: string;
  readonly tags: readonly string[];
  readonly exceptTags?: readonly string[];
  readonly state: string;
  readonly since?: string;
  readonly successor?: string;
  readonly sources: readonly string[];
}

const rows: readonly Row[] = withdrawnFile.withdrawn;

/** Undefined: nothing is known against the reference. A reference without a tag means `latest`. */
export function withdrawal(ref: string): Withdrawal | undefined {
  const { registry, repository, tag, digest } = parseImageRef(ref);
  const written = tag ?? (digest === undefined ? "latest" : undefined);
  const row = rows.find(
    (known) =>
      registry === (known.registry ?? "docker.io") &&
      matchesPattern(known.image, repository) &&
      known.tags.some((pattern) => pattern === "*" || matches(pattern, written)) &&
      !(known.exceptTags ?? []).some((pattern) => matches(pattern, written)),
  );
  const state = STATES.find((known) => known === row?.state);
  if (row === undefined || state === undefined) return undefined;
  return { state, since: row.since, successor: row.successor, sources: row.sources };
}

export function withdrawalSources(): readonly (readonly string[])[] {
  return rows.map(({ sources }) => sources);
}

function matches(pattern: string, tag: string | undefined): boolean {
  return tag !== undefined && matchesPattern(pattern, tag);
}
