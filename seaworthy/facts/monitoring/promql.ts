import { parser } from "@prometheus-io/lezer-promql";
import type { SyntaxNode } from "@lezer/common";

/** A PromQL expression as rules need it: offsets are into its own text. */
export type Expression =
  | Selector
  | Call
  | Aggregation
  | Binary
  | { readonly type: "number"; readonly from: number; readonly value: number }
  | { readonly type: "string"; readonly from: number; readonly text: string }
  /** `offset`, `@`, a sign, a subquery: what it is put upon. */
  | { readonly type: "modified"; readonly from: number; readonly of: Expression }
  | { readonly type: "unknown"; readonly from: number };

export interface Selector {
  readonly type: "selector";
  readonly from: number;
  /** Undefined when only matchers are given. */
  readonly metric: string | undefined;
  readonly matchers: readonly Matcher[];
  /** As written: `5m`. Undefined for an instant vector. */
  readonly range: string | undefined;
}

export interface Matcher {
  readonly name: string;
  readonly op: string;
  readonly value: string;
  readonly from: number;
}

export interface Call {
  readonly type: "call";
  readonly from: number;
  readonly name: string;
  readonly arguments: readonly Expression[];
}

export interface Aggregation {
  readonly type: "aggregation";
  readonly from: number;
  readonly operation: string;
  readonly arguments: readonly Expression[];
  readonly grouping: Grouping | undefined;
}

export interface Grouping {
  readonly type: "by" | "without" | "on" | "ignoring";
  readonly labels: readonly string[];
}

export interface Binary {
  readonly type: "binary";
  readonly from: number;
  readonly op: string;
  readonly left: Expression;
  readonly right: Expression;
  readonly matching: Grouping | undefined;
  readonly bool: boolean;
}

/** An expression that was read; `errors` are offsets where Prometheus would not go on. */
export interface Query {
  readonly text: string;
  readonly expression: Expression;
  readonly errors: readonly number[];
}

/** Longer than any written by hand; the rest of a hostile one is not read. */
const CHARACTERS_MAX = 20_000;
/** Deeper nesting is answered with `unknown`. */
const DEPTH_MAX = 60;

/** Reads PromQL. Never throws; what is not understood is `unknown` and stands in `errors`. */
export function readQuery(text: string): Query {
  if (text.length > CHARACTERS_MAX || nestsTooDeep(text)) {
    return { text, expression: { type: "unknown", from: 0 }, errors: [] };
  }
  const tree = parser.parse(text);
  const errors: number[] = [];
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) errors.push(from);
    },
  });
  const top = tree.topNode.firstChild;
  const expression = top === null ? unknown(0) : new QueryReading(text).expression(top, 0);
  return { text, expression, errors };
}

/** Every expression in `expression`, itself first. */
export function* expressionsIn(expression: Expression): Generator<Expression> {
  const open: Expression[] = [expression];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    open.push(...partsOf(next).toReversed());
  }
}

export function selectorsIn(expression: Expression): readonly Selector[] {
  return [...expressionsIn(expression)].filter((part) => part.type === "selector");
}

/** What an expression is made of, one level down. */
function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.type) {
    case "call":
    case "aggregation":
      return expression.arguments;
    case "binary":
      return [expression.left, expression.right];
    case "modified":
      return [expression.of];
    case "selector":
    case "number":
    case "string":
    case "unknown":
      return [];
  }
}

/** 0-based line of an offset in the expression. */
export function lineIn(text: string, offset: number): number {
  let line = 0;
  for (let index = text.indexOf("\n"); index >= 0 && index < offset; ) {
    line += 1;
    index = text.indexOf("\n", index + 1);
  }
  return line;
}

function unknown(from: number): Expression {
  return { type: "unknown", from };
}

function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}

class QueryReading {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  expression(node: SyntaxNode, depth: number): Expression {
    const { from } = node;
    if (depth > DEPTH_MAX * 4) return unknown(from);
    const inner = (): readonly Expression[] => this.#operands(node, depth + 1);
    switch (node.name) {
      case "VectorSelector":
        return this.#selector(node, undefined);
      case "MatrixSelector":
        return this.#matrix(node, inner());
      case "FunctionCall":
        return this.#call(node, depth);
      case "AggregateExpr":
        return this.#aggregation(node, depth);
      case "BinaryExpr":
        return this.#binary(node, inner());
      case "NumberDurationLiteral":
        return { type: "number", from, value: numberOf(this.#textOf(node)) };
      case "StringLiteral":
        return { type: "string", from, text: unquoted(this.#textOf(node)) };
      case "ParenExpr":
        return inner()[0] ?? unknown(from);
      case "UnaryExpr":
        return this.#signed(node, inner()[0]);
      case "OffsetExpr":
      case "StepInvariantExpr":
      case "SubqueryExpr":
        return { type: "modified", from, of: inner()[0] ?? unknown(from) };
      default:
        return unknown(from);
    }
  }

  #signed(node: SyntaxNode, of: Expression | undefined): Expression {
    const { from } = node;
    if (of?.type === "number" && this.#textOf(node).startsWith("-")) {
      return { type: "number", from, value: -of.value };
    }
    return { type: "modified", from, of: of ?? unknown(from) };
  }

  #operands(node: SyntaxNode, depth: number): readonly Expression[] {
    return childrenOf(node)
      .filter(({ name }) => OPERANDS.has(name))
      .map((child) => this.expression(child, depth));
  }

  #matrix(node: SyntaxNode, [of]: readonly Expression[]): Expression {
    const duration = childrenOf(node).find(({ name }) => name.includes("Duration"));
    const range = duration === undefined ? "" : this.#textOf(duration);
    if (of?.type === "selector") return { ...of, range };
    return { type: "modified", from: node.from, of: of ?? unknown(node.from) };
  }

  #selector(node: SyntaxNode, range: string | undefined): Selector {
    const children = childrenOf(node);
    const name = children.find((child) => child.name === "Identifier");
    const list = children.find((child) => child.name === "LabelMatchers");
    const matchers = list === undefined ? [] : this.#matchers(list);
    const called = matchers.find((matcher) => matcher.name === "__name__" && matcher.op === "=");
    const metric = name === undefined ? called?.value : this.#textOf(name);
    const others = matchers.filter((matcher) => matcher.name !== "__name__");
    return { type: "selector", from: node.from, metric, matchers: others, range };
  }

  #matchers(list: SyntaxNode): readonly Matcher[] {
    return childrenOf(list).flatMap((matcher): Matcher[] => {
      const [name, op, value] = childrenOf(matcher);
      if (matcher.name === "QuotedLabelName") {
        const metric = unquoted(this.#textOf(matcher));
        return [{ name: "__name__", op: "=", value: metric, from: matcher.from }];
      }
      if (name === undefined || op === undefined || value === undefined) return [];
      return [
        {
          name: unquoted(this.#textOf(name)),
          op: this.#textOf(op),
          value: unquoted(this.#textOf(value)),
          from: matcher.from,
        },
      ];
    });
  }

  #call(node: SyntaxNode, depth: number): Expression {
    const name = childrenOf(node).find((child) => child.name === "FunctionIdentifier");
    return {
      type: "call",
      from: node.from,
      name: name === undefined ? "" : this.#textOf(name),
      arguments: this.#body(node, depth),
    };
  }

  #body(node: SyntaxNode, depth: number): readonly Expression[] {
    const body = childrenOf(node).find((child) => child.name === "FunctionCallBody");
    return body === undefined ? [] : this.#operands(body, depth + 1);
  }

  #aggregation(node: SyntaxNode, depth: number): Expression {
    const children = childrenOf(node);
    const operation = children.find((child) => child.name === "AggregateOp");
    const modifier = children.find((child) => child.name === "AggregateModifier");
    return {
      type: "aggregation",
      from: node.from,
      operation: operation === undefined ? "" : this.#textOf(operation).toLowerCase(),
      arguments: this.#body(node, depth),
      grouping: modifier === undefined ? undefined : this.#grouping(modifier),
    };
  }

  #binary(node: SyntaxNode, [left, right]: readonly Expression[]): Expression {
    const { from } = node;
    if (left === undefined || right === undefined) return unknown(from);
    const children = childrenOf(node);
    const op = children.find(({ name }) => OPERATORS.has(name));
    const clause = children.find(({ name }) => name === "MatchingModifierClause");
    return {
      type: "binary",
      from,
      op: op === undefined ? "" : this.#textOf(op).toLowerCase(),
      left,
      right,
      matching: clause === undefined ? undefined : this.#grouping(clause),
      bool: children.some(({ name }) => name === "BoolModifier"),
    };
  }

  /** The first list of labels; `group_left (…)` after it does not matter to any rule. */
  #grouping(node: SyntaxNode): Grouping | undefined {
    const children = childrenOf(node);
    const word = children.find(({ name }) => GROUPINGS.has(name));
    const type = word === undefined ? undefined : GROUPINGS.get(word.name);
    if (type === undefined) return undefined;
    const list = children.find(({ name }) => name === "GroupingLabels");
    const labels = list === undefined ? [] : childrenOf(list);
    return { type, labels: labels.map((label) => unquoted(this.#textOf(label))) };
  }

  #textOf(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to);
  }
}

const OPERANDS: ReadonlySet<string> = new Set([
  "VectorSelector",
  "MatrixSelector",
  "FunctionCall",
  "AggregateExpr",
  "BinaryExpr",
  "NumberDurationLiteral",
  "StringLiteral",
  "ParenExpr",
  "UnaryExpr",
  "OffsetExpr",
  "StepInvariantExpr",
  "SubqueryExpr",
]);

const OPERATORS: ReadonlySet<string> = new Set([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Mod",
  "Pow",
  "Atan2",
  "Eql",
  "EqlC",
  "Neq",
  "Gtr",
  "Gte",
  "Lss",
  "Lte",
  "And",
  "Or",
  "Unless",
]);

const GROUPINGS: ReadonlyMap<string, Grouping["type"]> = new Map([
  ["By", "by"],
  ["Without", "without"],
  ["On", "on"],
  ["Ignoring", "ignoring"],
] as const);

function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

function unquoted(text: string): string {
  if (!/^["'`]/.test(text)) return text;
  const inner = text.slice(1, -1);
  return text.startsWith("`") ? inner : inner.replaceAll(/\\(["'\\])/g, "$1");
}

function numberOf(text: string): number {
  const value = Number(text);
  return Number.isNaN(value) && /^[+-]?inf$/i.test(text) ? Infinity : value;
}
