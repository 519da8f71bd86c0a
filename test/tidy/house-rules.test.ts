import { test } from "node:test";
import { committedFiles } from "./committed-files.ts";
import { complaintsAbout, RULES } from "./rules.ts";

const root = new URL("../..", import.meta.url).pathname;
const files = committedFiles(root);

for (const rule of RULES) {
  test(`house rule: ${rule.name}`, () => {
    const complaints = complaintsAbout(files, [rule]);
    if (complaints.length > 0) throw new Error(["", ...complaints].join("\n"));
  });
}
