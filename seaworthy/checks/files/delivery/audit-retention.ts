import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { listed, placesOf } from "./wording.ts";

/** The application is told to keep its audit log longer than the rotation keeps it. */
export function auditRetention(unit: Unit): readonly Found[] {
  const kept = unit.documents.of("spring-configuration").flatMap(({ file, keys }) =>
    keys.flatMap(({ key, value, line }) => {
      const isRetention =
        /(?:^|\.)audit\.(?:[\w.-]{1,60}\.)?(?:retention|retention-days|max-days)$/.test(key);
      const days = /^\d{1,5}$/.test(value) ? Number(value) : undefined;
      return isRetention && days !== undefined ? [{ days, at: at(file, line) }] : [];
    }),
  );
  const [longest] = kept.toSorted((left, right) => right.days - left.days);
  if (longest === undefined) return [];
  const rotated = unit.documents.of("logrotate").flatMap(({ file, stanzas }) =>
    stanzas.flatMap(({ paths, directives, line }) => {
      const words = directives.map((directive) => directive.words);
      const [, count] = words.find(([name]) => name === "rotate") ?? [];
      const daily = words.some(([name]) => name === "daily");
      const audit = paths.find((path) => /audit|\/\*\.log$/.test(path));
      if (!daily || audit === undefined || !/^\d{1,5}$/.test(count ?? "")) return [];
      const rotate = directives.find((directive) => directive.words[0] === "rotate");
      return [{ days: Number(count), path: audit, at: at(file, rotate?.line ?? line) }];
    }),
  );
  const shorter = rotated.filter(({ days }) => days < longest.days);
  const [first] = shorter;
  // A stanza for all logs says something of the audit log only beside one of its own.
  if (first === undefined || !shorter.some(({ path }) => path.includes("audit"))) return [];
  return [
    {
      severity: "note",
      message:
        `the audit log is to be kept ${String(longest.days)} days, and ` +
        `${listed(shorter.map(({ path }) => path))} is deleted after ` +
        `${[...new Set(shorter.map(({ days }) => String(days)))].join(" or ")}`,
      places: placesOf(first.at, [...shorter.map((one) => one.at), longest.at]),
      why: "Whoever must prove something half a year later finds the log deleted, by design.",
      fix: `\`rotate ${String(longest.days)}\`, in one stanza that alone matches the audit log`,
    },
  ];
}
