import { tokens } from "./shell-lexer.ts";
import type { Word, WordPart } from "./shell-word.ts";

/** A value that is longer after its variables were put in is left as written. */
const VALUE_CHARACTERS_MAX = 4_000;
/** `${A:-${B:-…}}` nested deeper is left as written. */
const FALLBACK_DEPTH_MAX = 4;
/** Of a list that a loop goes through, so many values are looked at. */
const LOOP_VALUES_MAX = 32;

/**
 * Which variables have a value that the text of the script tells. Assignments are seen in the order
 * of the text; what is assigned twice, once of them under a condition, is not constant.
 */
export class Variables {
  readonly #values = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();
  readonly #uncertain = new Set<string>();

  /** What `fresh` scope of a function sees: all of this one; its own names do not come back. */
  inner(): Variables {
    const made = new Variables();
    for (const [name, value] of this.#values) made.#values.set(name, value);
    for (const [name, values] of this.#lists) made.#lists.set(name, values);
    for (const name of this.#uncertain) made.#uncertain.add(name);
    return made;
  }

  assign(name: string, word: Word, conditional: boolean): void {
    if (word.list !== undefined) {
      this.#lists.set(
        name,
        word.list.slice(0, LOOP_VALUES_MAX).map((item) => this.text(item)),
      );
      return;
    }
    // What a command prints is not known; its text in another's place would only be unreadable.
    if (
      word.parts.length > 0 &&
      word.parts.every((part) => part.type !== "text" || part.text === "")
    ) {
      const unknown = word.parts.some((part) => part.type === "substitution");
      if (unknown) {
        this.#uncertain.add(name);
        return;
      }
    }
    const value = this.text(word);
    const before = this.#values.get(name);
    if (conditional && before !== undefined && before !== value) this.#uncertain.add(name);
    if (value.length <= VALUE_CHARACTERS_MAX) this.#values.set(name, value);
    else this.#uncertain.add(name);
  }

  forget(name: string): void {
    this.#uncertain.add(name);
  }

  /** The words that a word becomes: an unquoted variable may hold several. */
  words(word: Word): readonly string[] {
    const [only] = word.parts;
    const list = this.#listOf(word);
    if (list !== undefined) return list;
    const text = this.text(word);
    const splits = word.parts.length === 1 && only?.type === "variable" && !only.quoted;
    if (!splits || text === only.source) return [text];
    return text.split(/\s+/).filter((part) => part !== "");
  }

  /** A word with what is known put in, the rest as written. */
  text(word: Word, depth = 0): string {
    return word.parts.map((part) => this.#part(part, depth)).join("");
  }

  #part(part: WordPart, depth: number): string {
    if (part.type === "text") return part.text;
    if (part.type === "substitution") return part.source;
    const known = this.#uncertain.has(part.name) ? undefined : this.#values.get(part.name);
    if (known !== undefined) return known;
    if (part.fallback === undefined || depth >= FALLBACK_DEPTH_MAX) return part.source;
    if (this.#uncertain.has(part.name)) return part.source;
    const [first] = tokens(part.quoted ? `"${part.fallback}"` : part.fallback, 1);
    return first?.type === "word" ? this.text(first.word, depth + 1) : part.fallback;
  }

  #listOf(word: Word): readonly string[] | undefined {
    const [only] = word.parts.filter((part) => part.type !== "text" || part.text !== "");
    if (only?.type !== "variable" || only.name !== "") return undefined;
    const [, name = ""] = /^\$\{([A-Za-z_]\w{0,100})\[[@*]\]\}$/.exec(only.source) ?? [];
    return this.#lists.get(name);
  }
}
