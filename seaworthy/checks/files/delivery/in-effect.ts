import type { Location } from "../../../facts/source.ts";

/** Papers that say what might be, or what was. */
const ELSEWHERE = new RegExp(
  "(?:^|[/._-])(?:archive[sd]?|templates?|examples?|samples?|plans?|proposals?|adrs?|rfcs?|" +
    "roadmap|todo|reports?|summary|changelog|history|specs?|research|notes?|tests?|" +
    "node_modules|vendor)(?=$|[/._-])",
  "i",
);

/** A promise that is meant to hold today, as far as its file's name tells. */
export function inEffect({ file }: Location): boolean {
  return !ELSEWHERE.test(file);
}
