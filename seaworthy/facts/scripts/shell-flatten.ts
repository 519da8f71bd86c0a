import { carriedTexts } from "./invocation.ts";
import { parseShell } from "./shell-parser.ts";
import type {
  AssignmentSyntax,
  LoopStatement,
  RedirectSyntax,
  SimpleStatement,
  Statement,
} from "./shell-syntax.ts";
import { exitingFunctions, leaves } from "./shell-exits.ts";
import { isNegated, mentions, STATUS } from "./shell-status.ts";
import { Variables } from "./shell-variables.ts";
import { plainText, textOf, type Word } from "./shell-word.ts";
import type {
  Assignment,
  Guard,
  Pipe,
  Redirect,
  Shell,
  ShellCommand,
  ShellFunction,
} from "./shell.ts";

/** A script with more is no deployment script; the rest is not read. */
const COMMANDS_MAX = 20_000;
/** `$(… $(…))` and `sh -c "sh -c …"` nested deeper are not read. */
const NESTING_MAX = 8;

/** A chain of more `elif` than anybody reads: the outermost conditions are forgotten. */
const GUARDS_MAX = 40;

type OnFailure = ShellCommand["onFailure"];

/** Where a statement stands. */
interface Context {
  readonly within: string | undefined;
  readonly guards: readonly Guard[];
  readonly variables: Variables;
  /** What a failure does when `set -e` does not stop it. */
  readonly status: OnFailure;
  /** `set -e` says nothing here: the status is tested. */
  readonly tested: boolean;
  readonly pipe: Pipe | undefined;
  readonly redirects: readonly Redirect[];
  readonly substituted: boolean;
  readonly carrier: ShellCommand | undefined;
  readonly statusOf: ShellCommand | undefined;
  /** The next statement reads PIPESTATUS, so that no part of the pipeline is masked. */
  readonly readsPipe: boolean;
  readonly loop: { readonly name: string; readonly values: readonly string[] } | undefined;
  readonly depth: number;
}

/** The tree of a script as the list of its commands. */
export class Flattening {
  readonly #statements: readonly Statement[];
  readonly #commands: ShellCommand[] = [];
  readonly #functions: ShellFunction[] = [];
  readonly #exiting: ReadonlySet<string>;
  #errexit: boolean;
  #pipefail: boolean;
  #pipes = 0;

  constructor(
    statements: readonly Statement[],
    options: { readonly errexit: boolean; readonly pipefail: boolean },
  ) {
    this.#statements = statements;
    this.#exiting = exitingFunctions(statements);
    this.#errexit = options.errexit;
    this.#pipefail = options.pipefail;
  }

  shell(): Shell {
    this.#list(this.#statements, {
      within: undefined,
      guards: [],
      variables: new Variables(),
      status: "returned",
      tested: false,
      pipe: undefined,
      redirects: [],
      substituted: false,
      carrier: undefined,
      statusOf: undefined,
      readsPipe: false,
      loop: undefined,
      depth: 0,
    });
    return { commands: this.#commands, functions: this.#functions };
  }

  /** Only the last status is the list's own; the others are lost unless read at once. */
  #list(statements: readonly Statement[], context: Context): void {
    let previous = context.statusOf;
    for (const [index, statement] of statements.entries()) {
      if (this.#commands.length >= COMMANDS_MAX) return;
      const next = statements[index + 1];
      const status = next === undefined ? context.status : this.#readNext(next);
      const tested = context.tested && next === undefined;
      const before = this.#commands.length;
      const readsPipe = next !== undefined && mentions(next, /PIPESTATUS/);
      this.#statement(statement, { ...context, status, tested, readsPipe, statusOf: previous });
      previous = this.#lastOf(before) ?? previous;
    }
  }

  /** Whether the next statement looks at `$?`, and leaves when it is bad. */
  #readNext(next: Statement): OnFailure {
    if (!mentions(next, STATUS)) return "ignored";
    const bodies = next.type === "if" ? [...next.branches.map((b) => b.body), next.otherwise] : [];
    if (next.type === "chain") return leaves([next.right], this.#exiting) ? "stops" : "branches";
    return bodies.some((body) => leaves(body, this.#exiting)) ? "stops" : "branches";
  }

  #lastOf(from: number): ShellCommand | undefined {
    for (let index = this.#commands.length - 1; index >= from; index -= 1) {
      const command = this.#commands[index];
      if (command?.substituted === false && command.carrier === undefined) return command;
    }
    return undefined;
  }

  #statement(statement: Statement, context: Context): void {
    switch (statement.type) {
      case "simple":
        this.#simple(statement, context);
        return;
      case "pipeline":
        this.#pipeline(statement.parts, context);
        return;
      case "chain":
        this.#chain(statement, context);
        return;
      case "if":
        this.#if(statement, context);
        return;
      case "loop":
        this.#loop(statement, context);
        return;
      case "case":
        for (const { body, patterns } of statement.arms) {
          const { line } = statement.subject;
          const pattern = patterns.map(textOf).join("|");
          const guard: Guard = { when: "case", of: [], line, pattern };
          this.#list(body, { ...context, guards: [...context.guards, guard] });
        }
        return;
      case "group": {
        const redirects = [...context.redirects, ...this.#redirects(statement.redirects, context)];
        this.#list(statement.body, { ...context, redirects });
        return;
      }
      case "function":
        this.#function(statement, context);
    }
  }

  #function(statement: Extract<Statement, { type: "function" }>, context: Context): void {
    const { name, line, body } = statement;
    this.#functions.push({ name, line, exits: this.#exiting.has(name) });
    const variables = context.variables.inner();
    this.#list(body, {
      ...context,
      within: name,
      guards: [],
      variables,
      status: "returned",
      tested: false,
      statusOf: undefined,
    });
  }

  #pipeline(parts: readonly Statement[], context: Context): void {
    this.#pipes += 1;
    const id = this.#pipes;
    for (const [position, part] of parts.entries()) {
      const last = position === parts.length - 1;
      const masked = !last && !this.#pipefail;
      this.#statement(part, {
        ...context,
        pipe: { id, position, length: parts.length },
        status: masked && !context.readsPipe ? "ignored" : context.status,
        tested: context.tested || masked,
      });
    }
  }

  #chain(statement: Extract<Statement, { type: "chain" }>, context: Context): void {
    const { operator, left, right } = statement;
    const out = operator === "||" && leaves([right], this.#exiting);
    const before = this.#commands.length;
    const kept = operator === "&&" && context.tested ? context.status : "branches";
    // `a && b || exit`: the failure of `a` reaches the exit; of `a && b`, the caller.
    const status: OnFailure = out ? "stops" : kept === "ignored" ? "branches" : kept;
    this.#statement(left, { ...context, status, tested: true });
    const of = this.#commands.slice(before);
    const when = operator === "&&" ? "success" : "failure";
    const guards = [...context.guards, { when, of, line: of[0]?.line ?? 1 } satisfies Guard];
    this.#statement(right, { ...context, guards, statusOf: this.#lastOf(before) });
  }

  #if(statement: Extract<Statement, { type: "if" }>, context: Context): void {
    let { guards } = context;
    const otherwiseLeaves = leaves(statement.otherwise, this.#exiting);
    for (const { condition, body } of statement.branches) {
      const before = this.#commands.length;
      const negated = isNegated(condition);
      const stops = negated ? leaves(body, this.#exiting) : otherwiseLeaves;
      this.#list(condition, {
        ...context,
        guards,
        status: stops ? "stops" : "branches",
        tested: true,
      });
      const of = this.#commands.slice(before);
      const line = of[0]?.line ?? 1;
      const [yes, no] = negated ? FAILED_FIRST : SUCCEEDED_FIRST;
      this.#list(body, { ...context, guards: [...guards, { when: yes, of, line }] });
      guards = [...guards.slice(-GUARDS_MAX), { when: no, of, line }];
    }
    this.#list(statement.otherwise, { ...context, guards });
  }

  #loop(statement: LoopStatement, context: Context): void {
    const { variables } = context;
    const before = this.#commands.length;
    const redirects = [...context.redirects, ...this.#redirects(statement.redirects, context)];
    this.#substitutions(statement.words, context);
    this.#list(statement.condition, { ...context, status: "branches", tested: true, redirects });
    const of = this.#commands.slice(before);
    const guards = [...context.guards, { when: "loop", of, line: statement.line } satisfies Guard];
    const values = statement.words.flatMap((word) => variables.words(word));
    const name = statement.variable;
    if (name !== undefined) variables.forget(name);
    const known = values.length > 0 && values.every((value) => !/[$`*]/.test(value));
    const loop = name !== undefined && known ? { name, values } : context.loop;
    this.#list(statement.body, { ...context, guards, redirects, loop });
  }

  #simple(statement: SimpleStatement, context: Context): void {
    if (this.#commands.length >= COMMANDS_MAX) return;
    this.#substitutions(
      [
        ...statement.words,
        ...statement.assignments.flatMap(({ value }) => [value, ...(value.list ?? [])]),
      ],
      context,
    );
    const command = this.#command(statement, context);
    this.#commands.push(command);
    this.#assign(statement, context);
    this.#options(command);
    if (context.depth >= NESTING_MAX) return;
    for (const { text, line } of carriedTexts(command)) {
      const own = { errexit: this.#errexit, pipefail: this.#pipefail };
      [this.#errexit, this.#pipefail] = [false, false];
      const inner = parseShell(text, line);
      const status = command.onFailure;
      const depth = context.depth + 1;
      this.#list(inner, { ...context, carrier: command, pipe: undefined, status, depth });
      this.#errexit = own.errexit;
      this.#pipefail = own.pipefail;
    }
  }

  #command(statement: SimpleStatement, context: Context): ShellCommand {
    const { line, words, background } = statement;
    const { variables, within, guards, substituted, carrier, loop } = context;
    const stops = this.#errexit && !context.tested && !background;
    const expanded = words.flatMap((word) => variables.words(word));
    const written = words.map(textOf);
    const reads = written.some((word) => STATUS.test(word));
    this.#pipes += 1;
    return {
      line,
      words: written,
      wordLines: words.map((word) => word.line),
      expanded,
      each:
        loop === undefined
          ? [expanded]
          : loop.values.map((value) => inserted(expanded, loop.name, value)),
      assignments: statement.assignments.map((assignment) => assignmentOf(assignment, variables)),
      redirects: [...this.#redirects(statement.redirects, context), ...context.redirects],
      within,
      guards,
      pipe: context.pipe ?? { id: this.#pipes, position: 0, length: 1 },
      onFailure: stops ? "stops" : background ? "ignored" : context.status,
      errexit: this.#errexit,
      pipefail: this.#pipefail,
      background,
      substituted,
      carrier,
      statusOf: reads ? context.statusOf : undefined,
    };
  }

  #redirects(all: readonly RedirectSyntax[], { variables }: Context): readonly Redirect[] {
    return all.map(({ operator, descriptor, line, target, heredoc }) => ({
      operator,
      descriptor,
      line,
      target: target === undefined ? "" : textOf(target),
      expanded: target === undefined ? "" : variables.text(target),
      ...(heredoc === undefined ? {} : { body: { text: heredoc.body, line: heredoc.line } }),
    }));
  }

  #assign(statement: SimpleStatement, { variables, guards, depth }: Context): void {
    const [program] = statement.words.map(plainText);
    const conditional = guards.length > 0;
    const declared = ["local", "export", "readonly", "declare", "typeset"].includes(program ?? "");
    if (statement.words.length === 0 && depth === 0) {
      for (const { name, value, adds } of statement.assignments) {
        if (adds) variables.forget(name);
        else variables.assign(name, value, conditional);
      }
    }
    if (program === "read") {
      for (const word of statement.words.slice(1)) variables.forget(textOf(word));
    }
    // `: "${DIR:=/backup}"` sets what was not set.
    if (program === ":") {
      for (const part of statement.words.flatMap((word) => word.parts)) {
        if (part.type !== "variable" || !part.source.startsWith(`\${${part.name}:=`)) continue;
        variables.assign(part.name, { line: statement.line, parts: [part] }, conditional);
      }
    }
    if (!declared) return;
    for (const word of statement.words.slice(1)) declare(word, variables, conditional);
  }

  /** `set -euo pipefail` and its like. */
  #options({ words, carrier, substituted }: ShellCommand): void {
    const traps = words[0] === "trap" && words.includes("ERR");
    if (
      traps &&
      words[1]?.split(/[\s;]+/).some((word) => word === "exit" || this.#exiting.has(word))
    ) {
      this.#errexit = true;
    }
    if (words[0] !== "set" || carrier !== undefined || substituted) return;
    for (const [index, word] of words.entries()) {
      const on = word.startsWith("-");
      if (!on && !word.startsWith("+")) continue;
      if (/^[-+][a-z]*e/.test(word)) this.#errexit = on;
      if (!/^[-+][a-z]*o$/.test(word)) continue;
      if (words[index + 1] === "pipefail") this.#pipefail = on;
      if (words[index + 1] === "errexit") this.#errexit = on;
    }
  }

  #substitutions(words: readonly Word[], context: Context): void {
    if (context.depth >= NESTING_MAX) return;
    for (const word of words) {
      for (const part of word.parts) {
        if (part.type !== "substitution") continue;
        this.#list(parseShell(part.script, part.line), {
          ...context,
          substituted: true,
          pipe: undefined,
          depth: context.depth + 1,
        });
      }
    }
  }
}

const SUCCEEDED_FIRST = ["success", "failure"] as const;
const FAILED_FIRST = ["failure", "success"] as const;

function assignmentOf(syntax: AssignmentSyntax, variables: Variables): Assignment {
  const { name, line, value } = syntax;
  return { name, line, value: textOf(value), expanded: variables.text(value) };
}

function declare(word: Word, variables: Variables, conditional: boolean): void {
  const [first, ...rest] = word.parts;
  if (first?.type !== "text" || first.quoted) return;
  const [whole = "", name = ""] = /^([A-Za-z_]\w{0,100})=/.exec(first.text) ?? [];
  if (name === "") return;
  const text = first.text.slice(whole.length);
  const parts = text === "" ? rest : [{ ...first, text }, ...rest];
  const list = word.list === undefined ? {} : { list: word.list };
  variables.assign(name, { line: word.line, parts, ...list }, conditional);
}

/** The words with a loop's variable replaced by one of its values. */
function inserted(words: readonly string[], name: string, value: string): readonly string[] {
  return words.map((word) => word.replaceAll(`\${${name}}`, value).replaceAll(`$${name}`, value));
}
