/** More words than any command line; a hostile one ends here. */
const WORDS_MAX = 2_000;

/** Words as a POSIX shell would split them; quotes removed, variables and operators as written. */
export function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < text.length && words.length < WORDS_MAX; index += 1) {
    const character = text.charAt(index);
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else if (character === "\\" && quote === '"') word = (word ?? "") + text.charAt((index += 1));
      else word = (word ?? "") + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (character === "\\") {
      index += 1;
      if (text.charAt(index) !== "\n") word = (word ?? "") + text.charAt(index);
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== undefined && words.length < WORDS_MAX) words.push(word);
  return words;
}

/** A command of a shell is what stands in its string: `sh -c "a && b"` is `a && b`. */
export function scriptOf(words: readonly string[]): string | undefined {
  const [program = "", option = "", script] = words;
  if (!/(?:^|\/)(?:ba|da|a|z)?sh$/.test(program)) return undefined;
  return /^-[a-z]*c$/.test(option) ? script : undefined;
}

/** The simple commands of a line: what stands between `&&`, `||`, `;`, `|` and line ends. */
export function simpleCommands(words: readonly string[]): readonly (readonly string[])[] {
  const script = scriptOf(words);
  if (script === undefined) return words.length === 0 ? [] : [words];
  return script
    .split(/&&|\|\||[;|\n]/)
    .slice(0, WORDS_MAX)
    .map((part) => shellWords(part))
    .filter((part) => part.length > 0);
}
