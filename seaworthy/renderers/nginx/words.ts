import { assert } from "@seaworthy/std/assert";

/**
 * One parameter of a directive, quoted. A dollar sign would name a variable, and nginx has no way
 * to write one: it is refused, as is what could end the line.
 */
export function word(text: string): string {
  assert(!CONTROL.test(text), "a parameter of a configuration has no control character");
  assert(!text.includes("$"), "nginx cannot be given a dollar sign");
  if (/^[A-Za-z0-9_./:@-]+$/.test(text)) return text;
  return `"${text.replaceAll(/["\\]/g, (special) => `\\${special}`)}"`;
}

const CONTROL = /[^\P{Cc}]/u;

/** Exactly these characters, inside a regular expression: all others as the bytes that they are. */
export function literally(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (/[A-Za-z0-9/_-]/.test(character)) return character;
      return `\\x${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}
