import { readPage } from "./pages.ts";

/** What `docs/checks/declaration.md` says of a fault of the declaration itself, if it is one. */
export async function faultSection(rule: string): Promise<string | undefined> {
  const page = (await readPage("checks/declaration.md")) ?? "";
  const section = sectionsOf(page).get(rule);
  return section === undefined ? undefined : `# ${rule}\n\n${section}`;
}

/** Rule → its text, without the heading. */
export function sectionsOf(page: string): ReadonlyMap<string, string> {
  const [, ...sections] = page.split(/^#{2,3} /m);
  return new Map(
    sections.flatMap((section) => {
      const end = section.indexOf("\n");
      const title = section.slice(0, end);
      return /^[a-z-]+$/.test(title) ? [[title, section.slice(end).trim()] as const] : [];
    }),
  );
}
