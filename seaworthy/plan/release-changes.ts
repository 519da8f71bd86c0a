import type { Release } from "../record/release.ts";
import type { FieldChange } from "./plan.ts";
import { changedFields } from "./definition.ts";

/** Enough of a hash to tell two apart; nobody compares more by eye. */
const HASH_SHOWN = 12;

/**
 * What two releases of a unit are made of, where that differs and no declared field says so:
 * content, the resolved program, and secrets, which show as their versions.
 */
export function releaseChanges(
  before: Release | undefined,
  after: Release | undefined,
): readonly FieldChange[] {
  if (before === undefined || after === undefined) return [];
  return changedFields(contentOf(before), contentOf(after));
}

function contentOf(release: Release): ReadonlyMap<string, string> {
  const { program, filesHash, fileCount, secretVersions } = release;
  const secrets = Object.entries(secretVersions).map(
    ([name, version]): readonly [string, string] => [`secrets.${name}`, `version ${version}`],
  );
  return new Map([
    ["program", program.identity],
    ["files", `${fileCount} files, ${filesHash.slice(0, HASH_SHOWN)}`],
    ...secrets,
  ]);
}
