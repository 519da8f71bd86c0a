/** Defaults inside defaults; deeper than any real file. */
const DEPTH_MAX = 8;

/** What a variable is known to be; undefined when nothing in the tree says so. */
export type Lookup = (name: string) => string | undefined;

const NOTHING: Lookup = () => undefined;

/**
 * Compose's interpolation: `${A:-b}`, `${A-b}`, `${A:+b}`, `${A?why}`, `$A`, `$$`. What nothing is
 * known of stays as written. (docs.docker.com/reference/compose-file/interpolation)
 */
export function interpolate(text: string, lookup: Lookup = NOTHING): string {
  return text.includes("$") ? expand(text, lookup, 0) : text;
}

/** The variable's name when a value is nothing but a variable without a default. */
export function loneVariable(text: string): string | undefined {
  const match = /^\$(?:\{([A-Za-z_]\w*)(?::?\?[^}]*)?\}|([A-Za-z_]\w*))$/.exec(text.trim());
  return match?.[1] ?? match?.[2];
}

function expand(text: string, lookup: Lookup, depth: number): string {
  let out = "";
  let from = 0;
  for (let index = text.indexOf("$"); index >= 0; index = text.indexOf("$", from)) {
    out += text.slice(from, index);
    const piece = pieceAt(text, index);
    out += resolve(piece, lookup, depth);
    from = index + piece.raw.length;
  }
  return out + text.slice(from);
}

interface Piece {
  readonly raw: string;
  readonly name?: string;
  readonly operator?: string;
  readonly operand?: string;
}

function pieceAt(text: string, index: number): Piece {
  const next = text[index + 1];
  if (next === "$") return { raw: "$$" };
  if (next !== "{") {
    const [name] = /^[A-Za-z_]\w*/.exec(text.slice(index + 1, index + 200)) ?? [];
    return name === undefined ? { raw: "$" } : { raw: `$${name}`, name };
  }
  const end = closing(text, index + 2);
  if (end === undefined) return { raw: text.slice(index) };
  const raw = text.slice(index, end + 1);
  const inner = raw.slice(2, -1);
  const [, name, operator, operand] = /^([A-Za-z_]\w*)(?:(:?[-+?])([^]*))?$/.exec(inner) ?? [];
  if (name === undefined) return { raw };
  if (operator === undefined || operand === undefined) return { raw, name };
  return { raw, name, operator, operand };
}

/** Where the brace closes that was opened before `from`. */
function closing(text: string, from: number): number | undefined {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === "{") depth += 1;
    else if (text[index] === "}") depth -= 1;
    if (depth === 0) return index;
  }
  return undefined;
}

function resolve(piece: Piece, lookup: Lookup, depth: number): string {
  if (piece.raw === "$$") return "$";
  if (piece.name === undefined) return piece.raw;
  const known = lookup(piece.name);
  const given = known !== undefined && (known !== "" || piece.operator?.startsWith(":") !== true);
  const operand = piece.operand ?? "";
  const last = piece.operator?.slice(-1);
  if (last === "-") {
    if (given) return known;
    return depth < DEPTH_MAX ? expand(operand, lookup, depth + 1) : operand;
  }
  if (last === "+") return given && depth < DEPTH_MAX ? expand(operand, lookup, depth + 1) : "";
  return known ?? piece.raw;
}
