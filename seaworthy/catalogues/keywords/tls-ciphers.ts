import { once } from "../once.ts";
import { matchesPattern } from "../pattern.ts";
import file from "./tls-ciphers.json" with { type: "json" };

/**
 * What OpenSSL makes of a word in a cipher list. `gone`: a suite or group that today's OpenSSL has
 * no more; it selects nothing, and is no mistake. `tls13`: belongs into a list of cipher *suites*
 * (`ssl_conf_command Ciphersuites`, `ssl-default-bind-ciphersuites`), not of ciphers. `iana`: the
 * name of the standard, which OpenSSL does not take here.
 */
export type CipherWord = "suite" | "tls13" | "keyword" | "gone" | "command" | "iana";

const suites = once(() => new Set(file.suites));
const tls13 = once(() => new Set(file.tls13));
const keywords = once(() => new Set(file.keywords));
const goneKeywords = once(() => new Set(file.goneKeywords));

/** Undefined: OpenSSL knows no such name, and silently leaves it out. */
export function cipherWord(word: string): CipherWord | undefined {
  if (word.startsWith("@")) return isCommand(word) ? "command" : undefined;
  const name = word.replace(/^[!+-]/u, "");
  if (tls13().has(name)) return "tls13";
  if (suites().has(name)) return "suite";
  if (name.split("+").every((part) => keywords().has(part))) return "keyword";
  if (isGone(name)) return "gone";
  return /^(?:TLS|SSL)_[A-Za-z0-9_]+$/u.test(name) ? "iana" : undefined;
}

/** The words of a cipher list: colons, commas and blanks separate. */
export function cipherWords(list: string): readonly string[] {
  return list.split(/[:, ]/u).filter((word) => word !== "");
}

export function cipherNames(): Iterable<string> {
  return suites();
}

export function cipherSources(): readonly string[] {
  return file.sources;
}

function isCommand(word: string): boolean {
  return word === "@STRENGTH" || /^@SECLEVEL=[0-5]$/u.test(word);
}

function isGone(name: string): boolean {
  return (
    file.gone.some((pattern) => matchesPattern(pattern, name)) ||
    name.split("+").every((part) => keywords().has(part) || goneKeywords().has(part))
  );
}
