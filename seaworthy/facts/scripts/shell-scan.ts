/** Deeper than any real script; the stack of a hostile one ends here. */
const NESTING_MAX = 40;

/** Where the `)` of a `$(` that opened before `from` stands; the text's end when there is none. */
export function closingParenthesis(text: string, from: number, depth = 0): number {
  let open = 0;
  let index = from;
  const heredocs: string[] = [];
  while (index < text.length) {
    const character = text[index];
    if (character === ")") {
      if (open === 0) return index;
      open -= 1;
    } else if (character === "(") open += 1;
    else if (character === "\n" && heredocs.length > 0) {
      index = afterHeredocs(text, index + 1, heredocs.splice(0));
      continue;
    } else if (character === "#" && isWordStart(text, index)) {
      index = endOfLine(text, index);
      continue;
    } else if (character === "<" && text.startsWith("<<", index)) {
      const end = heredocWord(text, index, heredocs);
      index = end;
      continue;
    }
    index = afterQuoted(text, index, depth);
  }
  return text.length;
}

/** Where the `}` of a `${` that opened before `from` stands; the text's end when there is none. */
export function closingBrace(text: string, from: number, depth = 0): number {
  let open = 0;
  let index = from;
  while (index < text.length) {
    if (text[index] === "}") {
      if (open === 0) return index;
      open -= 1;
    } else if (text[index] === "{") open += 1;
    index = afterQuoted(text, index, depth);
  }
  return text.length;
}

/** Where the `"` that closes what opened before `from` stands; the text's end when none does. */
export function closingQuote(text: string, from: number, depth = 0): number {
  let index = from;
  while (index < text.length && text[index] !== '"') {
    if (text[index] === "\\") index += 2;
    else if (text.startsWith("$(", index) && depth < NESTING_MAX) {
      index = closingParenthesis(text, index + 2, depth + 1) + 1;
    } else if (text.startsWith("${", index) && depth < NESTING_MAX) {
      index = closingBrace(text, index + 2, depth + 1) + 1;
    } else index += 1;
  }
  return Math.min(index, text.length);
}

/** Where the next backquote that is not escaped stands; the text's end when there is none. */
export function closingBackquote(text: string, from: number): number {
  let index = from;
  while (index < text.length && text[index] !== "`") index += text[index] === "\\" ? 2 : 1;
  return Math.min(index, text.length);
}

/** The index after the quoted piece, the substitution or the one character that stands here. */
function afterQuoted(text: string, index: number, depth: number): number {
  const character = text[index];
  if (character === "\\") return index + 2;
  if (character === "`") return closingBackquote(text, index + 1) + 1;
  if (character === "'") {
    const end = text.indexOf("'", index + 1);
    return end < 0 ? text.length : end + 1;
  }
  if (depth >= NESTING_MAX) return index + 1;
  if (character === '"') return closingQuote(text, index + 1, depth + 1) + 1;
  if (text.startsWith("$(", index)) return closingParenthesis(text, index + 2, depth + 1) + 1;
  if (text.startsWith("${", index)) return closingBrace(text, index + 2, depth + 1) + 1;
  return index + 1;
}

/** Notes the delimiter of `<<EOF`; the index after it. */
function heredocWord(text: string, index: number, heredocs: string[]): number {
  if (text[index + 2] === "<") return index + 3;
  const [whole = "", , delimiter = ""] =
    /^<<-?[ \t]{0,8}(['"\\]?)([A-Za-z_]\w{0,60})/.exec(text.slice(index, index + 80)) ?? [];
  if (whole === "") return index + 2;
  heredocs.push(delimiter);
  return index + whole.length;
}

function afterHeredocs(text: string, from: number, delimiters: readonly string[]): number {
  let index = from;
  for (const delimiter of delimiters) {
    while (index < text.length) {
      const end = endOfLine(text, index);
      const line = text.slice(index, end).trim();
      index = end + 1;
      if (line === delimiter) break;
    }
  }
  return Math.min(index, text.length);
}

export function endOfLine(text: string, index: number): number {
  const end = text.indexOf("\n", index);
  return end < 0 ? text.length : end;
}

function isWordStart(text: string, index: number): boolean {
  const before = text[index - 1];
  return before === undefined || " \t\n;(&|".includes(before);
}
