import { removedOption } from "../../../catalogues/removed/removed.ts";
import { at, folderOf } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { isRehearsal, listed, placesOf } from "./intent.ts";

/** Keys that the Spring Boot of the build file beside them passes over without a word. */
export function springRemovals(unit: Unit): readonly Found[] {
  return unit.documents.of("spring-configuration").flatMap(({ file, keys }): readonly Found[] => {
    const known = bootVersion(unit, file.path);
    // A guide has no build file; what a new project would get is worth a note.
    const isGuide = unit.documents.tree.guide !== undefined;
    if (known === undefined && !isGuide) return [];
    const version = known ?? "3";
    const removed = keys.flatMap(({ key, line }) => {
      const removal = removedOption({ product: "spring-boot", key, version });
      return removal === undefined ? [] : [{ key, line, removal }];
    });
    const [first, ...rest] = removed;
    if (first === undefined) return [];
    const renamed = removed.flatMap(({ key, removal }) =>
      removal.successor === undefined ? [] : [`${key} → ${removal.successor}`],
    );
    return [
      {
        severity: known === undefined || isRehearsal(file.path) ? "note" : "warning",
        message:
          `Spring Boot ${version} does not read ${listed(removed.map(({ key }) => key))} ` +
          `(gone since ${first.removal.removedIn})`,
        places: placesOf(
          at(file, first.line),
          rest.map(({ line }) => at(file, line)),
        ),
        why:
          "the key is passed over in silence: what it sets (a pool, a metrics endpoint, a " +
          "connection) is back at its default, and that shows under load",
        fix: renamed.length === 0 ? "remove the keys" : listed(renamed),
      },
    ];
  });
}

/** The version that the nearest build file names, going up from the configuration. */
function bootVersion(unit: Unit, path: string): string | undefined {
  const manifests = unit.repository.documents.of("application-manifest");
  for (let folder = folderOf(path); ; folder = folderOf(folder)) {
    for (const { file, format } of manifests) {
      if (folderOf(file.path) !== folder || (format !== "maven" && format !== "gradle")) continue;
      const version = BOOT.map((form) => form.exec(file.text.slice(0, 200_000))?.[1]).find(Boolean);
      if (version !== undefined) return version;
    }
    if (folder === "") return undefined;
  }
}

const BOOT = [
  /<artifactId>spring-boot-starter-parent<\/artifactId>\s*<version>(\d[\w.]{0,30})</,
  /<spring-boot\.version>(\d[\w.]{0,30})</,
  /<artifactId>spring-boot-dependencies<\/artifactId>\s*<version>(\d[\w.]{0,30})</,
  /org\.springframework\.boot['"]?\)?\s+version\s*\(?['"](\d[\w.]{0,30})/,
];
