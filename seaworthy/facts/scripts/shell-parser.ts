import { tokens } from "./shell-lexer.ts";
import type {
  AssignmentSyntax,
  Branch,
  LoopStatement,
  RedirectSyntax,
  Statement,
} from "./shell-syntax.ts";
import { plainText, textOf, type Token, type Word } from "./shell-word.ts";

/** Deeper than any real script; what is nested deeper is skipped. */
const DEPTH_MAX = 100;
/** `a && b && c …`: a chain nests to the left, so its length is depth. */
const CHAIN_MAX = 100;
const CLOSERS = new Set(["then", "else", "elif", "fi", "do", "done", "esac", "}"]);
const ENDS = new Set(["\n", ";", "&", "&&", "||", "|", "|&", "(", ")", ";;", ";&", ";;&"]);

/** The statements of a script. Never throws: what does not fit the grammar is passed over. */
export function parseShell(text: string, firstLine: number): readonly Statement[] {
  return new Parser(tokens(text, firstLine)).script();
}

class Parser {
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  script(): readonly Statement[] {
    const all: Statement[] = [];
    while (this.#index < this.#tokens.length) {
      const before = this.#index;
      for (const statement of this.#list()) all.push(statement);
      // A closing word that nothing opened: a shell would refuse it, the rest can still be read.
      if (this.#index === before) this.#index += 1;
    }
    return all;
  }

  #list(): readonly Statement[] {
    if (this.#depth >= DEPTH_MAX) return this.#skip();
    this.#depth += 1;
    const statements: Statement[] = [];
    while (this.#index < this.#tokens.length) {
      if (this.#takes("\n", ";", "&")) continue;
      if (this.#isCloser()) break;
      const before = this.#index;
      const statement = this.#chain();
      if (statement !== undefined) statements.push(statement);
      if (this.#operator() === "&" && statement?.type === "simple") statement.background = true;
      if (this.#index === before) this.#index += 1;
    }
    this.#depth -= 1;
    return statements;
  }

  #skip(): readonly Statement[] {
    this.#index = this.#tokens.length;
    return [];
  }

  #chain(): Statement | undefined {
    let left = this.#pipeline();
    let links = 0;
    for (let operator = this.#operator(); left !== undefined; operator = this.#operator()) {
      if ((operator !== "&&" && operator !== "||") || links >= CHAIN_MAX) break;
      links += 1;
      this.#index += 1;
      this.#skipLines();
      const right = this.#pipeline();
      if (right === undefined) break;
      left = { type: "chain", operator, left, right };
    }
    return left;
  }

  #pipeline(): Statement | undefined {
    let negated = false;
    while (this.#takesWord("!")) negated = !negated;
    const first = this.#command();
    if (first === undefined) return undefined;
    const parts = [first];
    while (this.#takes("|", "|&")) {
      this.#skipLines();
      const part = this.#command();
      if (part === undefined) break;
      parts.push(part);
    }
    return parts.length === 1 && !negated ? first : { type: "pipeline", negated, parts };
  }

  #command(): Statement | undefined {
    if (this.#takes("(")) return this.#group(true);
    const word = this.#keyword();
    switch (word) {
      case "{":
        this.#index += 1;
        return this.#group(false);
      case "if":
        return this.#if();
      case "while":
      case "until":
        return this.#while(word);
      case "for":
      case "select":
        return this.#for();
      case "case":
        return this.#case();
      case "function":
        return this.#function();
      case undefined:
        return this.#simple();
      default:
        return CLOSERS.has(word) ? undefined : this.#simple();
    }
  }

  #group(subshell: boolean): Statement {
    const body = this.#list();
    if (subshell) this.#takes(")");
    else this.#takesWord("}");
    return { type: "group", subshell, body, redirects: this.#redirects() };
  }

  #if(): Statement {
    const branches: Branch[] = [];
    let otherwise: readonly Statement[] = [];
    while (this.#takesWord("if") || this.#takesWord("elif")) {
      const condition = this.#list();
      this.#takesWord("then");
      branches.push({ condition, body: this.#list() });
      if (this.#keyword() !== "elif") break;
    }
    if (this.#takesWord("else")) otherwise = this.#list();
    this.#takesWord("fi");
    const redirects = this.#redirects();
    const made: Statement = { type: "if", branches, otherwise };
    return redirects.length === 0
      ? made
      : { type: "group", subshell: false, body: [made], redirects };
  }

  #while(keyword: "while" | "until"): Statement {
    const line = this.#line();
    this.#index += 1;
    const condition = this.#list();
    return this.#loop({ line, keyword, words: [], condition });
  }

  #for(): Statement {
    const line = this.#line();
    this.#index += 1;
    const head = this.#word();
    const variable = head === undefined ? undefined : plainText(head);
    const words: Word[] = [];
    this.#skipLines();
    if (this.#takesWord("in")) {
      for (let word = this.#word(); word !== undefined; word = this.#word()) words.push(word);
    }
    this.#takes(";");
    const named = variable === undefined ? {} : { variable };
    return this.#loop({ line, keyword: "for", ...named, words, condition: [] });
  }

  #loop(head: Omit<LoopStatement, "type" | "body" | "redirects">): Statement {
    this.#skipLines();
    this.#takesWord("do");
    const body = this.#list();
    this.#takesWord("done");
    return { type: "loop", ...head, body, redirects: this.#redirects() };
  }

  #case(): Statement {
    const line = this.#line();
    this.#index += 1;
    const subject = this.#word() ?? { line, parts: [] };
    this.#skipLines();
    this.#takesWord("in");
    const arms: { patterns: readonly Word[]; body: readonly Statement[] }[] = [];
    while (this.#index < this.#tokens.length) {
      this.#skipLines();
      if (this.#takesWord("esac")) break;
      const before = this.#index;
      arms.push({ patterns: this.#patterns(), body: this.#list() });
      this.#takes(";;", ";&", ";;&");
      if (this.#index === before) break;
    }
    return { type: "case", subject, arms };
  }

  #patterns(): readonly Word[] {
    const patterns: Word[] = [];
    this.#takes("(");
    for (let word = this.#word(); word !== undefined; word = this.#word()) {
      patterns.push(word);
      if (!this.#takes("|")) break;
    }
    this.#takes(")");
    return patterns;
  }

  #function(): Statement {
    const line = this.#line();
    this.#index += 1;
    const word = this.#word();
    return this.#functionBody(word === undefined ? "" : textOf(word), line);
  }

  #functionBody(name: string, line: number): Statement {
    if (this.#takes("(")) this.#takes(")");
    this.#skipLines();
    if (this.#depth >= DEPTH_MAX) this.#skip();
    this.#depth += 1;
    const body = this.#command();
    this.#depth -= 1;
    const statements = body?.type === "group" && !body.subshell ? body.body : [];
    return {
      type: "function",
      name,
      line,
      body: statements.length > 0 || body === undefined ? statements : [body],
    };
  }

  #simple(): Statement | undefined {
    const line = this.#line();
    const assignments: AssignmentSyntax[] = [];
    const words: Word[] = [];
    const redirects: RedirectSyntax[] = [];
    while (this.#index < this.#tokens.length) {
      const token = this.#tokens[this.#index];
      if (token === undefined || token.type === "operator") break;
      if (token.type === "redirect") {
        redirects.push(this.#redirect(token));
        continue;
      }
      this.#index += 1;
      const assignment = words.length === 0 ? assignmentOf(token.word) : undefined;
      if (assignment === undefined) words.push(token.word);
      else assignments.push(assignment);
    }
    const [only] = words;
    if (words.length === 1 && only !== undefined && this.#isFunctionHead()) {
      return this.#functionBody(textOf(only), line);
    }
    if (assignments.length + words.length + redirects.length === 0) return undefined;
    return { type: "simple", line, assignments, words, redirects, background: false };
  }

  #isFunctionHead(): boolean {
    const next = this.#tokens[this.#index + 1];
    return this.#operator() === "(" && next?.type === "operator" && next.text === ")";
  }

  #redirects(): readonly RedirectSyntax[] {
    const redirects: RedirectSyntax[] = [];
    for (let token = this.#tokens[this.#index]; token?.type === "redirect"; ) {
      redirects.push(this.#redirect(token));
      token = this.#tokens[this.#index];
    }
    return redirects;
  }

  #redirect(token: Extract<Token, { type: "redirect" }>): RedirectSyntax {
    const { operator, descriptor, line, heredoc } = token;
    this.#index += 1;
    if (heredoc !== undefined) return { operator, descriptor, line, heredoc };
    const target = this.#word();
    return { operator, descriptor, line, ...(target === undefined ? {} : { target }) };
  }

  /** The word that stands here, taken. */
  #word(): Word | undefined {
    const token = this.#tokens[this.#index];
    if (token?.type !== "word") return undefined;
    this.#index += 1;
    return token.word;
  }

  #keyword(): string | undefined {
    const token = this.#tokens[this.#index];
    return token?.type === "word" ? plainText(token.word) : undefined;
  }

  #operator(): string | undefined {
    const token = this.#tokens[this.#index];
    return token?.type === "operator" ? token.text : undefined;
  }

  #isCloser(): boolean {
    const word = this.#keyword();
    if (word !== undefined) return CLOSERS.has(word);
    const operator = this.#operator();
    return operator === ")" || (operator?.startsWith(";") === true && operator !== ";");
  }

  #takes(...operators: readonly string[]): boolean {
    const operator = this.#operator();
    if (operator === undefined || !ENDS.has(operator) || !operators.includes(operator))
      return false;
    this.#index += 1;
    return true;
  }

  #takesWord(word: string): boolean {
    if (this.#keyword() !== word) return false;
    this.#index += 1;
    return true;
  }

  #skipLines(): void {
    while (this.#takes("\n"));
  }

  #line(): number {
    return this.#tokens[this.#index]?.line ?? 1;
  }
}

/** `NAME=value`, where the name is written out. */
function assignmentOf(word: Word): AssignmentSyntax | undefined {
  const [first, ...rest] = word.parts;
  if (first?.type !== "text" || first.quoted) return undefined;
  const [whole = "", name = "", plus = ""] =
    /^([A-Za-z_]\w{0,100})(?:\[[^\]=]{0,100}\])?(\+?)=/.exec(first.text) ?? [];
  if (name === "") return undefined;
  const text = first.text.slice(whole.length);
  const parts = text === "" ? rest : [{ ...first, text }, ...rest];
  const list = word.list === undefined ? {} : { list: word.list };
  return { name, line: word.line, adds: plus !== "", value: { line: word.line, parts, ...list } };
}
