/**
 * HTML that was put together, not given. It comes from `html` alone, which escapes whatever is not
 * markup itself: what an instance, a log line or a path is called can never become a tag.
 */
export class Markup {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static of(strings: TemplateStringsArray, inserts: readonly Insert[]): Markup {
    const parts = strings.map((fixed, at) => `${fixed}${insertText(inserts[at] ?? "")}`);
    return new Markup(parts.join(""));
  }

  toString(): string {
    return this.#text;
  }
}

/** What stands between the fixed parts: text and numbers are escaped, markup is taken as it is. */
export type Insert = string | number | Markup | readonly Markup[];

/** A template whose inserts are safe in text and between the quotes of an attribute. */
export function html(strings: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return Markup.of(strings, inserts);
}

function insertText(insert: Insert): string {
  if (typeof insert === "string") return escapeText(insert);
  if (typeof insert === "number") return `${insert}`;
  if (insert instanceof Markup) return insert.toString();
  return insert.join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** Shown as what they are: they would end a line, or turn the order of what follows it around. */
const CONTROLS = /[^\P{C}\t\n]|[\u2028\u2029]/gu;
const REPLACEMENT = "\ufffd";

function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(CONTROLS, REPLACEMENT)
    .replaceAll(/[&<>"'`]/g, (found) => ENTITIES[found] ?? REPLACEMENT);
}
