const STATUSES = [
  "runs here",
  "rendered and validated",
  "not run here",
  "refused",
  "not yet",
] as const;
/** These mean nothing without a word of why, or of when. */
const STATUSES_WITH_REASON = new Set<string>(["not run here", "refused", "not yet"]);

type Headings = Readonly<Record<string, readonly string[]>>;

/** What is wrong with the account of the guides; empty when every heading has one honest row. */
export function complaintsAboutAccount(text: string, headings: Headings): readonly string[] {
  const sections = sectionsOf(text);
  const guides = Object.keys(headings);
  if (guides.length === 0) return ["no guide at all: the account accounts for nothing"];
  return [
    ...[...sections.keys()]
      .filter((name) => !guides.includes(name))
      .map((name) => `${name}: no guide`),
    ...guides.flatMap((guide) =>
      complaintsAboutGuide(sections.get(guide) ?? [], headings[guide] ?? []).map(
        (complaint) => `${guide}: ${complaint}`,
      ),
    ),
  ];
}

/** Headings of a Markdown text: ATX headings outside fenced code (CommonMark 0.31, §4.2, §4.5). */
export function headingsOf(text: string): readonly string[] {
  const headings: string[] = [];
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const [, mark, rest] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence) && rest?.trim() === "") fence = undefined;
    } else if (fence === undefined && /^ {0,3}#{1,6}(\s|$)/.test(line)) {
      headings.push(line.trim());
    }
  }
  return headings;
}

interface Row {
  readonly heading: string;
  readonly command: string;
  readonly status: string;
}

function complaintsAboutGuide(
  rows: readonly Row[],
  headings: readonly string[],
): readonly string[] {
  if (headings.length === 0) return ["its list of headings is empty"];
  const missing = headings.filter((heading) => !rows.some((row) => row.heading === heading));
  const doubled = rows.filter((row, index) => {
    return rows.findIndex((other) => other.heading === row.heading) !== index;
  });
  return [
    ...missing.map((heading) => `no row for ${JSON.stringify(heading)}`),
    ...doubled.map((row) => `two rows for ${JSON.stringify(row.heading)}`),
    ...rows.flatMap((row) => complaintsAboutRow(row, headings)),
  ];
}

function complaintsAboutRow(row: Row, headings: readonly string[]): readonly string[] {
  const name = JSON.stringify(row.heading);
  const [, status, reason] = /^\*([^*]+)\*(?::\s*(\S.*))?$/.exec(row.status) ?? [];
  const isKnown = STATUSES.some((known) => known === status);
  return [
    ...(headings.includes(row.heading) ? [] : [`${name} is no heading of the guide`]),
    ...(row.command === "" ? [`${name} says not what does it`] : []),
    ...(isKnown ? [] : [`${name} has no status of the five: ${JSON.stringify(row.status)}`]),
    ...(STATUSES_WITH_REASON.has(status ?? "") && reason === undefined
      ? [`${name} is ${status} without a reason`]
      : []),
  ];
}

function sectionsOf(text: string): ReadonlyMap<string, readonly Row[]> {
  const sections = new Map<string, Row[]>();
  for (const section of text.split(/^## /m).slice(1)) {
    const [title = "", ...lines] = section.split("\n");
    sections.set(
      title.trim(),
      lines
        .filter((line) => line.startsWith("|"))
        .slice(2)
        .map(rowOf),
    );
  }
  return sections;
}

function rowOf(line: string): Row {
  const [heading = "", command = "", status = ""] = line
    .replace(/^\||\|\s*$/g, "")
    .split("|")
    .map((cell) => cell.trim());
  return { heading, command, status };
}
