/** A statement of a Jenkinsfile: its words, and the blocks in braces behind them. */
export interface GroovyStatement {
  readonly line: number;
  readonly tokens: readonly GroovyToken[];
  /** Undefined: no braces follow. Those of several closures stand one behind the other. */
  readonly block: readonly GroovyStatement[] | undefined;
}

export interface GroovyToken {
  /** A dotted name is one word; signs are single characters. */
  readonly type: "word" | "text" | "sign";
  /** Of a text: without its quotes. */
  readonly text: string;
  readonly line: number;
}

const TOKENS_MAX = 100_000;
const DEPTH_MAX = 100;

/**
 * The statements of a Jenkinsfile as far as braces, strings and comments tell. It is no Groovy:
 * what a line computes is not understood. Linear in the text; never throws.
 */
export function readGroovy(text: string): readonly GroovyStatement[] {
  return statementsOf(tokensOf(text));
}

type Token = GroovyToken | { readonly type: "end"; readonly text: ""; readonly line: number };

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const word = /[\w$.@]+/y;
  let line = 1;
  let index = 0;
  while (index < text.length && tokens.length < TOKENS_MAX) {
    const character = text[index] ?? "";
    let end = index + 1;
    if (character === "\n" || character === ";") tokens.push({ type: "end", text: "", line });
    else if (text.startsWith("//", index)) end = until(text, "\n", end);
    else if (text.startsWith("/*", index)) end = until(text, "*/", index + 2) + 2;
    else if (character === "'" || character === '"') {
      const quote = text.startsWith(character.repeat(3), index) ? character.repeat(3) : character;
      const close = closing(text, quote, index + quote.length);
      tokens.push({ type: "text", text: plain(text.slice(index + quote.length, close)), line });
      end = close + (text.startsWith(quote, close) ? quote.length : 0);
    } else if (/\S/.test(character)) {
      word.lastIndex = index;
      const [found] = word.exec(text) ?? [];
      if (found === undefined) tokens.push({ type: "sign", text: character, line });
      else tokens.push({ type: "word", text: found, line });
      end = index + (found ?? character).length;
    }
    for (; index < end; index += 1) if (text[index] === "\n") line += 1;
  }
  return tokens;
}

function until(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found;
}

/** Where a string ends: at its quote, and one on a single line at the line's end at the latest. */
function closing(text: string, quote: string, from: number): number {
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === "\\") index += 1;
    else if (text.startsWith(quote, index)) return index;
    else if (quote.length === 1 && text[index] === "\n") return index;
  }
  return text.length;
}

/** `\$` and `\\` as the shell gets them. */
function plain(text: string): string {
  return text.replace(/\\([$"'\\])/g, "$1");
}

interface Statement {
  readonly line: number;
  readonly tokens: GroovyToken[];
  block: Statement[] | undefined;
}

/** A block that is open: whose it is, and how many brackets were open before it. */
interface Open {
  readonly statements: Statement[];
  readonly owner: Statement | undefined;
  readonly brackets: number;
}

function statementsOf(tokens: readonly Token[]): readonly GroovyStatement[] {
  const top: Statement[] = [];
  let here: Open = { statements: top, owner: undefined, brackets: 0 };
  const outer: Open[] = [];
  let current: Statement | undefined;
  let brackets = 0;
  const started = (line: number): Statement => {
    if (current === undefined) {
      current = { line, tokens: [], block: undefined };
      here.statements.push(current);
    }
    return current;
  };
  for (const token of tokens) {
    if (token.type === "end") {
      if (brackets === 0) current = undefined;
    } else if (token.type === "sign" && token.text === "{") {
      if (outer.length >= DEPTH_MAX) return top;
      // The brace may stand on the line below its statement.
      const before = here.statements.at(-1);
      const owner: Statement =
        current === undefined && before?.block === undefined && before !== undefined
          ? before
          : started(token.line);
      owner.block ??= [];
      outer.push(here);
      here = { statements: owner.block, owner, brackets };
      current = undefined;
      brackets = 0;
    } else if (token.type === "sign" && token.text === "}") {
      ({ brackets } = here);
      current = brackets > 0 ? here.owner : undefined;
      here = outer.pop() ?? { statements: top, owner: undefined, brackets: 0 };
    } else {
      if (token.type === "sign" && /[([]/.test(token.text)) brackets += 1;
      if (token.type === "sign" && /[)\]]/.test(token.text)) brackets = Math.max(0, brackets - 1);
      started(token.line).tokens.push(token);
    }
  }
  return top;
}
