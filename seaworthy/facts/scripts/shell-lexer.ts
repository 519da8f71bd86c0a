import {
  closingBackquote,
  closingBrace,
  closingParenthesis,
  closingQuote,
  endOfLine,
} from "./shell-scan.ts";
import {
  plainText,
  textOf,
  type Heredoc,
  type Token,
  type Word,
  type WordPart,
} from "./shell-word.ts";

/** A script with more is no deployment script; what follows is not read. */
const TOKENS_MAX = 200_000;
const OPERATORS = [";;&", ";;", ";&", "&&", "||", "|&", ";", "&", "|", "(", ")"];
const REDIRECTS = ["<<<", "<<-", "&>>", "<<", ">>", ">&", "<&", "&>", ">|", "<>", "<", ">"];
const PLAIN_RUN = /[^\s;&|()<>\\'"$`]+/y;
const TEST_RUN = /[^\s\\'"$`]+/y;
/** Stops at a quote too: a run past the end of its own quotes takes quadratic time. */
const QUOTED_RUN = /[^$`\\"]+/y;
/** `((` that nothing closes: each look for its end may go through the whole text. */
const ARITHMETIC_TRIES_MAX = 50;
const META = new Set([" ", "\t", "\r", "\n", ";", "&", "|", "(", ")", "<", ">"]);
/** After these a command begins, so that `((` and `[[` are what they look like. */
const OPENERS = new Set(["!", "{", "then", "do", "else", "elif", "if", "while", "until", "for"]);

/** The tokens of a script, in linear time. Never throws; what is not closed ends with the text. */
export function tokens(text: string, firstLine: number): readonly Token[] {
  return new Lexer(text, firstLine).tokens();
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  readonly #heredocs: Heredoc[] = [];
  #index = 0;
  #line: number;
  #commandStart = true;
  #inTest = false;
  #inList = false;
  #arithmeticTries = 0;

  constructor(text: string, firstLine: number) {
    this.#text = text;
    this.#line = firstLine;
  }

  tokens(): readonly Token[] {
    while (this.#index < this.#text.length && this.#tokens.length < TOKENS_MAX) this.#step();
    return this.#tokens;
  }

  #step(): void {
    const character = this.#text[this.#index] ?? "";
    if (character === "\n") this.#newline();
    else if (" \t\r".includes(character)) this.#index += 1;
    else if (this.#at("\\\n")) this.#move(2);
    else if (character === "#") this.#index = endOfLine(this.#text, this.#index);
    else if (this.#inTest) this.#word();
    else if (this.#commandStart && this.#at("((") && this.#arithmetic()) return;
    else if (this.#redirect() || this.#operator()) return;
    else this.#word();
  }

  #newline(): void {
    const before = this.#tokens.at(-1);
    const joined = before?.type === "word" && ["&&", "||"].includes(plainText(before.word) ?? "");
    this.#move(1);
    for (const heredoc of this.#heredocs.splice(0)) this.#body(heredoc);
    if (this.#inTest && joined) return;
    this.#inTest = false;
    this.#commandStart = true;
    this.#tokens.push({ type: "operator", line: this.#line - 1, text: "\n" });
  }

  #body(heredoc: Heredoc): void {
    const from = this.#index;
    heredoc.line = this.#line;
    while (this.#index < this.#text.length) {
      const start = this.#index;
      const end = endOfLine(this.#text, start);
      const line = this.#text.slice(start, end);
      this.#move(end + 1 - start);
      const shown = heredoc.stripsTabs ? line.trimStart() : line;
      if (shown.trimEnd() !== heredoc.delimiter) continue;
      heredoc.body = this.#text.slice(from, start);
      return;
    }
    heredoc.body = this.#text.slice(from);
  }

  #arithmetic(): boolean {
    if (this.#arithmeticTries > ARITHMETIC_TRIES_MAX) return false;
    const end = closingParenthesis(this.#text, this.#index + 1);
    if (end >= this.#text.length || this.#text[end - 1] !== ")") {
      this.#arithmeticTries += 1;
      return false;
    }
    const line = this.#line;
    const text = this.#text.slice(this.#index, end + 1);
    this.#move(text.length);
    const parts = [{ type: "text", text, quoted: true } as const];
    this.#push({ type: "word", line, word: { line, parts } }, false);
    return true;
  }

  #redirect(): boolean {
    const [digits = ""] =
      /^\d{1,2}(?=[<>])/.exec(this.#text.slice(this.#index, this.#index + 3)) ?? [];
    const from = this.#index + digits.length;
    const operator = REDIRECTS.find((candidate) => this.#text.startsWith(candidate, from));
    if (operator === undefined || /^[<>]\($/.test(this.#text.slice(from, from + 2))) return false;
    const line = this.#line;
    this.#move(digits.length + operator.length);
    const base = { type: "redirect", line, operator, descriptor: digits } as const;
    if (operator !== "<<" && operator !== "<<-") {
      this.#push(base, false);
      return true;
    }
    const heredoc = this.#heredoc(operator === "<<-");
    this.#push(heredoc === undefined ? base : { ...base, heredoc }, false);
    return true;
  }

  #heredoc(stripsTabs: boolean): Heredoc | undefined {
    while (" \t".includes(this.#text[this.#index] ?? "\n")) this.#index += 1;
    const word = this.#readWord();
    if (word.parts.length === 0) return undefined;
    const literal = word.parts.some((part) => part.type === "text" && part.quoted);
    const heredoc = { delimiter: textOf(word), stripsTabs, literal, body: "", line: this.#line };
    this.#heredocs.push(heredoc);
    return heredoc;
  }

  #operator(): boolean {
    const text = OPERATORS.find((candidate) => this.#at(candidate));
    if (text === undefined) return false;
    this.#push({ type: "operator", line: this.#line, text }, true);
    this.#move(text.length);
    return true;
  }

  #word(): void {
    const word = this.#readWord();
    if (word.parts.length === 0 && word.list === undefined) {
      this.#move(1);
      return;
    }
    const plain = plainText(word) ?? "";
    if (this.#inTest) this.#inTest = plain !== "]]";
    else if (this.#commandStart) this.#inTest = plain === "[[";
    this.#push({ type: "word", line: word.line, word }, OPENERS.has(plain));
  }

  #readWord(): Word {
    const line = this.#line;
    if (this.#inTest && /^\]\](?![^\s;&|)])/.test(this.#text.slice(this.#index, this.#index + 3))) {
      this.#index += 2;
      return { line, parts: [{ type: "text", text: "]]", quoted: false }] };
    }
    const parts: WordPart[] = [];
    let list: readonly Word[] | undefined;
    while (this.#index < this.#text.length) {
      const character = this.#text[this.#index] ?? "";
      if (character === "(" && !this.#inList && parts.length === 1 && isAssignmentStart(parts[0])) {
        list = this.#list();
        break;
      }
      if (/^[<>]\($/.test(this.#text.slice(this.#index, this.#index + 2)) && parts.length === 0) {
        parts.push(this.#substitution(2, ")"));
      } else if (this.#endsWord(character)) break;
      else this.#piece(character, parts);
    }
    return { line, parts: joined(parts), ...(list === undefined ? {} : { list }) };
  }

  #endsWord(character: string): boolean {
    return this.#inTest ? " \t\r\n".includes(character) : META.has(character);
  }

  #piece(character: string, parts: WordPart[]): void {
    if (character === "\\") {
      const next = this.#text[this.#index + 1] ?? "";
      this.#move(2);
      if (next !== "\n") parts.push({ type: "text", text: next, quoted: true });
    } else if (character === "'") this.#single(parts, 1);
    else if (character === '"') this.#double(parts);
    else if (character === "$") parts.push(this.#dollar(false, parts));
    else if (character === "`") parts.push(this.#backquote(false));
    else {
      const text = this.#run(this.#inTest ? TEST_RUN : PLAIN_RUN, this.#text.length);
      parts.push({ type: "text", text: text === "" ? character : text, quoted: false });
      this.#index += Math.max(1, text.length);
    }
  }

  /** What a sticky pattern of one character class takes from here, at most up to `end`. */
  #run(pattern: RegExp, end: number): string {
    pattern.lastIndex = this.#index;
    const [run = ""] = pattern.exec(this.#text) ?? [];
    return run.slice(0, Math.max(0, end - this.#index));
  }

  #single(parts: WordPart[], opening: number): void {
    const from = this.#index + opening;
    const end = this.#text.indexOf("'", from);
    const text = this.#text.slice(from, end < 0 ? this.#text.length : end);
    this.#move(opening + text.length + 1);
    parts.push({ type: "text", text, quoted: true });
  }

  #double(parts: WordPart[]): void {
    const end = closingQuote(this.#text, this.#index + 1);
    this.#index += 1;
    parts.push({ type: "text", text: "", quoted: true });
    while (this.#index < end) {
      const character = this.#text[this.#index] ?? "";
      if (character === "$") parts.push(this.#dollar(true, parts));
      else if (character === "`") parts.push(this.#backquote(true));
      else if (character === "\\" && '$`"\\\n'.includes(this.#text[this.#index + 1] ?? "x")) {
        const text = this.#text[this.#index + 1] ?? "";
        if (text !== "\n") parts.push({ type: "text", text, quoted: true });
        this.#move(2);
      } else {
        const run = this.#run(QUOTED_RUN, end);
        parts.push({ type: "text", text: run === "" ? character : run, quoted: true });
        this.#move(Math.max(1, run.length));
      }
    }
    this.#index = Math.max(this.#index, end + 1);
  }

  #dollar(quoted: boolean, parts: WordPart[]): WordPart {
    const next = this.#text[this.#index + 1] ?? "";
    if (next === "(") {
      return this.#at("$((") ? this.#arithmeticPart(quoted) : this.#substitution(2, ")", quoted);
    }
    if (next === "{") return this.#braced(quoted);
    if (next === "'" && !quoted) {
      this.#single(parts, 2);
      return { type: "text", text: "", quoted: true };
    }
    const rest = this.#text.slice(this.#index + 1, this.#index + 121);
    const [name = ""] = /^(?:[A-Za-z_]\w*|[0-9@*#?$!-])/.exec(rest) ?? [];
    this.#index += 1 + name.length;
    if (name === "") return { type: "text", text: "$", quoted };
    return { type: "variable", source: `$${name}`, name, quoted };
  }

  #arithmeticPart(quoted: boolean): WordPart {
    const end = closingParenthesis(this.#text, this.#index + 2);
    const source = this.#text.slice(this.#index, end + 1);
    this.#move(source.length);
    return { type: "variable", source, name: "", quoted };
  }

  #substitution(opening: number, close: string, quoted = false): WordPart {
    const from = this.#index + opening;
    const end = closingParenthesis(this.#text, from);
    const script = this.#text.slice(from, end);
    const source = this.#text.slice(this.#index, from) + script + close;
    const line = this.#line;
    this.#move(opening + script.length + 1);
    return { type: "substitution", source, script, line, quoted };
  }

  #backquote(quoted: boolean): WordPart {
    const from = this.#index + 1;
    const script = this.#text.slice(from, closingBackquote(this.#text, from));
    const line = this.#line;
    this.#move(script.length + 2);
    return { type: "substitution", source: `\`${script}\``, script, line, quoted };
  }

  #braced(quoted: boolean): WordPart {
    const end = closingBrace(this.#text, this.#index + 2);
    const inner = this.#text.slice(this.#index + 2, end);
    this.#move(inner.length + 3);
    const source = `\${${inner}}`;
    const [, name = "", operator, fallback = ""] =
      /^([A-Za-z_]\w*|[0-9@*#?$!-])(?:(:?[-=])([^]*))?$/.exec(inner) ?? [];
    if (operator === undefined) return { type: "variable", source, name, quoted };
    return { type: "variable", source, name, fallback, quoted };
  }

  #list(): readonly Word[] {
    const words: Word[] = [];
    this.#inList = true;
    this.#index += 1;
    while (this.#index < this.#text.length && this.#text[this.#index] !== ")") {
      const character = this.#text[this.#index] ?? "";
      if (" \t\r\n".includes(character)) this.#move(1);
      else if (this.#at("\\\n")) this.#move(2);
      else if (character === "#") this.#index = endOfLine(this.#text, this.#index);
      else {
        const before = this.#index;
        const word = this.#readWord();
        if (this.#index === before) this.#move(1);
        else words.push(word);
      }
    }
    this.#index += 1;
    this.#inList = false;
    return words;
  }

  #at(text: string): boolean {
    return this.#text.startsWith(text, this.#index);
  }

  /** Goes on by so many characters, counting the lines among them. */
  #move(characters: number): void {
    const end = Math.min(this.#index + characters, this.#text.length);
    for (let index = this.#index; index < end; index += 1) {
      if (this.#text.charCodeAt(index) === 10) this.#line += 1;
    }
    this.#index = end;
  }

  #push(token: Token, commandStart: boolean): void {
    this.#tokens.push(token);
    this.#commandStart = commandStart;
  }
}

function isAssignmentStart(part: WordPart | undefined): boolean {
  return part?.type === "text" && !part.quoted && /^[A-Za-z_]\w{0,80}\+?=$/.test(part.text);
}

/** Neighbouring pieces of text of one kind as one. */
function joined(parts: readonly WordPart[]): readonly WordPart[] {
  const made: WordPart[] = [];
  let text: string[] = [];
  let quoted = false;
  const flush = (): void => {
    if (text.length > 0) made.push({ type: "text", text: text.join(""), quoted });
    text = [];
  };
  for (const part of parts) {
    if (part.type !== "text") {
      flush();
      made.push(part);
      continue;
    }
    if (part.quoted !== quoted) flush();
    quoted = part.quoted;
    text.push(part.text);
  }
  flush();
  return made;
}
