import { at, baseName, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { listed, placesOf } from "./wording.ts";

/** Keys that say where an audit log is written. */
const KEY = /(?:^|[.-])audit(?:[.-].*)?[.-](?:file|path|file-path|filename|log-file|file-name)$/i;

/** One audit log, named differently by two configurations of one application. */
export function auditPaths(unit: Unit): readonly Found[] {
  const named = unit.documents.of("spring-configuration").flatMap(({ file, keys }) =>
    keys.flatMap(({ key, value, line }) => {
      if (!KEY.test(key) || !/\.(?:log|json)\b/.test(value)) return [];
      return [{ path: value.replace(/^["']|["']$/g, ""), at: at(file, line) }];
    }),
  );
  const groups = Map.groupBy(named, ({ path }) => baseName(path));
  if (groups.size < 2) return [];
  const [first, ...rest] = [...groups.values()].flatMap((group) => group[0] ?? []);
  if (first === undefined) return [];
  const rotated = rotations(unit);
  return [
    {
      severity: "note",
      message:
        `the audit log has several paths: ` + listed([first, ...rest].map(({ path }) => path)),
      places: placesOf(first.at, [...rest.map((one) => one.at), ...rotated]),
      why: "Rotation, backup and whoever must prove something look at one of them, half of it.",
      fix: "one path, the same in the configuration, the rotation and what ships it",
    },
  ];
}

function rotations(unit: Unit): readonly Location[] {
  return unit.documents
    .of("logrotate")
    .flatMap(({ file, stanzas }) =>
      stanzas
        .filter(({ paths }) => paths.some((path) => path.includes("audit")))
        .map(({ line }) => at(file, line)),
    );
}
