import type { SourceFile } from "./source.ts";

/**
 * A Markdown guide's code blocks as the files that its headings or sentences name, each line knowing
 * where it stands in the guide. The guide itself is among them, as prose.
 */
export function layOut(guide: SourceFile): readonly SourceFile[] {
  return [guide];
}
