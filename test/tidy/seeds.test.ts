import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { GUIDE_HEADINGS } from "./guide-headings.ts";
import { complaintsAboutAccount, headingsOf } from "./seeds-account.ts";

const root = join(import.meta.dirname, "../..");
const account = readFileSync(join(root, "docs/seeds.md"), "utf8");
/** Present where the guides lie beside the checkout. */
const guides = join(root, "../shared/seeds");

test("every heading of every guide has one row with one of five statuses", () => {
  deepStrictEqual(complaintsAboutAccount(account, GUIDE_HEADINGS), []);
  const count = Object.values(GUIDE_HEADINGS).flat().length;
  strictEqual(count, 234);
});

const ROW = "| #### HAProxy 配置 | ";
for (const [what, alter, says] of [
  ["a missing row", (line: string) => line.replace(/.*/, ""), /no row for "#### HAProxy 配置"/],
  ["a row of no heading", (line: string) => line.replace("配置", "设置"), /is no heading/],
  ["a status of our own", (line: string) => line.replace("*not yet*", "*nearly*"), /of the five/],
  [
    "a status without its reason",
    (line: string) => line.replace(/: .*\|$/, " |"),
    /without a reas/,
  ],
  ["a row that says not what does it", (line: string) => line.replace(/`.*`[^|]*/, ""), /not what/],
  ["two rows", (line: string) => `${line}\n${line}`, /two rows/],
] as const) {
  test(`${what} is seen`, () => {
    const line = account.split("\n").find((each) => each.startsWith(ROW)) ?? "";
    const altered = account.replace(line, alter(line));
    notStrictEqual(altered, account);
    match(complaintsAboutAccount(altered, GUIDE_HEADINGS).join("\n"), says);
  });
}

test("a guide without a section, a section without a guide, and no guide at all are seen", () => {
  const renamed = account.replace("## ralph-production.zh.md", "## other.md");
  const complaints = complaintsAboutAccount(renamed, GUIDE_HEADINGS).join("\n");
  match(complaints, /ralph-production.zh.md: no row for/);
  match(complaints, /other.md: no guide/);
  ok(complaintsAboutAccount(account, {}).length > 0);
});

test("a comment inside a code block is no heading, a heading after it is", () => {
  const text = "# A\n```sh\n# no\n```\n## B\n~~~\n```\n# no\n~~~\n  ### C\n#no\n    # no\n";
  deepStrictEqual(headingsOf(text), ["# A", "## B", "### C"]);
});

const skip = existsSync(guides) ? false : "the guides do not lie beside this checkout";
test("the list of headings is that of the guides themselves", { skip }, () => {
  deepStrictEqual(readdirSync(guides).toSorted(), Object.keys(GUIDE_HEADINGS).toSorted());
  for (const [guide, headings] of Object.entries(GUIDE_HEADINGS)) {
    deepStrictEqual(headingsOf(readFileSync(join(guides, guide), "utf8")), headings, guide);
  }
});
