/** A fenced code block of a Markdown guide, and the words around it that may name it. */
export interface Block {
  /** Position among the guide's blocks, 1-based. */
  readonly number: number;
  /** First word of the info string, in small letters; `""` where there is none. */
  readonly language: string;
  /** The rest of the info string. */
  readonly info: string;
  /** Line of the guide on which the content begins, 1-based. */
  readonly line: number;
  readonly lines: readonly string[];
  /** The last heading above, where no other block stands between them. */
  readonly heading: string | undefined;
  /** Paragraphs since the last heading or block, the nearest first. */
  readonly prose: readonly string[];
}

/** More blocks than any guide has. */
const BLOCKS_MAX = 2_000;
/** Nothing that names a block stands further above it. */
const PARAGRAPHS_MAX = 4;
/** A name stands at the beginning or not at all; a line of megabytes is none. */
const LINE_CHARACTERS_MAX = 400;

/** The fenced blocks of CommonMark (backticks or tildes, indented or quoted), in order. */
export function blocksOf(text: string): readonly Block[] {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const blocks: Block[] = [];
  const around = new Surroundings();
  for (let index = 0; index < lines.length && blocks.length < BLOCKS_MAX; index += 1) {
    const line = lines[index] ?? "";
    const fence = openingFence(line);
    if (fence === undefined) {
      around.see(line.slice(0, LINE_CHARACTERS_MAX));
      continue;
    }
    const end = closingLine(lines, index + 1, fence);
    blocks.push({
      number: blocks.length + 1,
      ...infoOf(fence.info),
      line: index + 2,
      lines: lines.slice(index + 1, end).map((content) => unindented(content, fence)),
      heading: around.heading,
      prose: around.paragraphs(),
    });
    around.pass();
    index = end;
  }
  return blocks;
}

interface Fence {
  readonly indent: number;
  readonly isQuoted: boolean;
  readonly mark: string;
  readonly info: string;
}

const QUOTE = /^ {0,3}> ?/;
const FENCE = /^([ \t]{0,40})(?:[-*+] +|\d{1,3}[.)] +)?(`{3,40}|~{3,40})([^`]*)$/;

function openingFence(line: string): Fence | undefined {
  if (line.length > LINE_CHARACTERS_MAX) return undefined;
  const isQuoted = QUOTE.test(line);
  const [, indent = "", mark, info = ""] = FENCE.exec(line.replace(QUOTE, "")) ?? [];
  return mark === undefined ? undefined : { indent: indent.length, isQuoted, mark, info };
}

/** An open block ends with the guide. */
function closingLine(lines: readonly string[], from: number, fence: Fence): number {
  for (let index = from; index < lines.length; index += 1) {
    const line = (lines[index] ?? "").slice(0, LINE_CHARACTERS_MAX);
    const text = (fence.isQuoted ? line.replace(QUOTE, "") : line).trim();
    const isMark = text.length >= fence.mark.length && text.startsWith(fence.mark);
    if (isMark && text === fence.mark.charAt(0).repeat(text.length)) return index;
  }
  return lines.length;
}

function unindented(line: string, fence: Fence): string {
  const text = fence.isQuoted ? line.replace(QUOTE, "") : line;
  let column = 0;
  while (column < fence.indent && (text[column] === " " || text[column] === "\t")) column += 1;
  return text.slice(column);
}

function infoOf(info: string): { readonly language: string; readonly info: string } {
  const [, language = "", rest = ""] = /^\s*([\w.+#-]*)(.*)$/.exec(info) ?? [];
  // ```docker-compose.yml is a name, and ```yaml:docker-compose.yml has one behind the colon.
  if (language.includes(".")) return { language: "", info: info.trim() };
  return { language: language.toLowerCase(), info: rest.trim() };
}

/** What was read since the last heading or block. */
class Surroundings {
  #paragraphs: string[] = [];
  #open = "";
  heading: string | undefined;

  see(line: string): void {
    const [, heading] = /^ {0,3}#{1,6}\s+(.*)$/.exec(line) ?? [];
    if (heading !== undefined) {
      this.pass();
      this.heading = heading;
    } else if (line.trim() === "") {
      this.#close();
    } else if (/^\s*(?:[-*+]|\d{1,3}[.)])\s/.test(line)) {
      this.#close();
      this.#open = line.trim();
    } else {
      this.#open = `${this.#open} ${line.trim()}`.trim().slice(-LINE_CHARACTERS_MAX);
    }
  }

  /** A block or a heading: what stands above it names nothing below. */
  pass(): void {
    this.#paragraphs = [];
    this.#open = "";
    this.heading = undefined;
  }

  paragraphs(): readonly string[] {
    this.#close();
    return this.#paragraphs.toReversed();
  }

  #close(): void {
    if (this.#open !== "") this.#paragraphs.push(this.#open);
    if (this.#paragraphs.length > PARAGRAPHS_MAX) this.#paragraphs.shift();
    this.#open = "";
  }
}
