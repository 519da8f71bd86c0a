import { cipherNames, cipherWord, cipherWords } from "../../catalogues/keywords/tls-ciphers.ts";
import type { Problem } from "../document.ts";
import { nearest } from "../../system/nearest.ts";

/**
 * What OpenSSL makes of a list of ciphers. It leaves out what it does not know, and refuses a list
 * of which nothing is left.
 */
export function cipherProblem(place: Problem["at"], list: string): readonly Problem[] {
  const words = cipherWords(list).filter((word) => !word.includes("$"));
  const wanted = words.filter((word) => !/^[!-]/.test(word));
  const strange = wanted.filter((word) => {
    const known = cipherWord(word);
    return known === undefined || known === "iana" || known === "gone" || known === "tls13";
  });
  const [first] = strange.filter((word) => cipherWord(word) === undefined);
  if (first === undefined || words.length < cipherWords(list).length) return [];
  const nothingLeft = strange.length === wanted.length;
  const near = nearest(first, cipherNames());
  return [
    {
      at: place,
      message: nothingLeft
        ? `none of these ciphers exists: ${strange.join(", ")}`
        : `no cipher is called ${first}: it is left out in silence`,
      fix: near === undefined ? "use a list of Mozilla's generator" : `write ${near}`,
      ...(nothingLeft ? {} : { harmless: true }),
    },
  ];
}
