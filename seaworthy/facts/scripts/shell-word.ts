/**
 * What a shell reads (POSIX.1-2017, Shell Command Language, with bash's additions). Words keep
 * their parts, so that a rule can tell `'$HOME'` from `"$HOME"`.
 */
export interface Word {
  readonly line: number;
  readonly parts: readonly WordPart[];
  /** The elements of `NAME=( … )`. */
  readonly list?: readonly Word[];
}

export type WordPart =
  | { readonly type: "text"; readonly text: string; readonly quoted: boolean }
  | {
      readonly type: "variable";
      /** As written: `$DIR`, `${DIR:-/var}`. */
      readonly source: string;
      /** Empty where it is more than a name: arithmetic, `${NAME%.gz}`. */
      readonly name: string;
      /** What `${NAME:-…}` or `${NAME:=…}` puts in when the name is unset. */
      readonly fallback?: string;
      readonly quoted: boolean;
    }
  | {
      readonly type: "substitution";
      readonly source: string;
      readonly script: string;
      readonly line: number;
      readonly quoted: boolean;
    };

export type Token =
  | { readonly type: "word"; readonly line: number; readonly word: Word }
  | { readonly type: "operator"; readonly line: number; readonly text: string }
  | {
      readonly type: "redirect";
      readonly line: number;
      readonly operator: string;
      readonly descriptor: string;
      readonly heredoc?: Heredoc;
    };

/** Filled when the line that begins it has ended. */
export interface Heredoc {
  readonly delimiter: string;
  readonly stripsTabs: boolean;
  /** No variable is put into the body: the delimiter was quoted. */
  readonly literal: boolean;
  body: string;
  /** Line of the body's first line. */
  line: number;
}

/** A word as written, without its quotes. */
export function textOf(word: Word): string {
  const own = word.parts.map((part) => (part.type === "text" ? part.text : part.source)).join("");
  return word.list === undefined ? own : `${own}(${word.list.map(textOf).join(" ")})`;
}

/** The word when it is one piece of text without quotes: only such a word can be a keyword. */
export function plainText(word: Word): string | undefined {
  const [only] = word.parts;
  if (word.parts.length !== 1 || only?.type !== "text" || only.quoted) return undefined;
  return word.list === undefined ? only.text : undefined;
}
