import { assert } from "@seaworthy/std/assert";

/**
 * One word of a line, quoted where HAProxy would read more into it (configuration manual 2.6,
 * §2.2). What could end the line is refused: it might begin another one.
 */
export function word(text: string): string {
  assert(!CONTROL.test(text), "a word of a configuration has no control character");
  if (/^[A-Za-z0-9_./:@-]+$/.test(text)) return text;
  return `"${text.replaceAll(/["\\$]/g, (special) => `\\${special}`)}"`;
}

const CONTROL = /[^\P{Cc}]/u;

/** `req.hdr(x-user)`, with a name that may hold any character of a token (RFC 9110 §5.6.2). */
export function fetchOf(fetch: string, name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? `${fetch}(${name})` : word(`${fetch}("${name}")`);
}
