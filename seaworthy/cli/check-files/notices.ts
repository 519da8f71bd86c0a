import type { FileFinding } from "../../checks/files/files.ts";
import type { Subject } from "./subject.ts";

/** Folders that are named; the rest is counted. */
const FOLDERS_MAX = 6;

/** Every file that could not be read is a finding; a cut walk is worth more than a note. */
export function unreadFindings({ tree, isCut }: Subject): readonly FileFinding[] {
  return tree.unread.map(({ path, because }) => ({
    rule: "unread-file",
    unit: ".",
    severity: isCut && path === "." ? "warning" : "note",
    message: path === "." ? because : `${path} was not read: ${because}`,
    places: [{ file: path, line: 1 }],
    why: "what stands there was not checked, and names that it defines may be missed elsewhere",
    fix: "make it readable, or check the folder it stands in by itself",
  }));
}

/** What was left out on purpose, in a line each. */
export function noticesOf({ tree, sideFolders, declarations }: Subject): readonly string[] {
  const notices: string[] = [];
  const [first] = sideFolders;
  if (first !== undefined) {
    const named = sideFolders.slice(0, FOLDERS_MAX).map(({ path }) => `${path}/`);
    const more = sideFolders.length - named.length;
    const files = sideFolders.reduce((sum, folder) => sum + folder.files, 0);
    const others = more > 0 ? ` and ${String(more)} more` : "";
    notices.push(
      `not checked: ${named.join(", ")}${others} (${String(files)} files of tests and examples); ` +
        `seaworthy check ${first.path} checks such a folder`,
    );
  }
  if (tree.guide === undefined && tree.files.some(({ path }) => /\.mdx?$/.test(path))) {
    notices.push("Markdown is read as prose; seaworthy check GUIDE.md checks its code blocks");
  }
  for (const path of declarations) {
    notices.push(`${path} is a declaration: seaworthy check -s ${path} checks it`);
  }
  return notices;
}
