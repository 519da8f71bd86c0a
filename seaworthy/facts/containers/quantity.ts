const BYTES: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["k", 1024],
  ["kb", 1024],
  ["m", 1024 ** 2],
  ["mb", 1024 ** 2],
  ["g", 1024 ** 3],
  ["gb", 1024 ** 3],
  ["t", 1024 ** 4],
  ["tb", 1024 ** 4],
]);

/** Compose's and Docker's byte values: `512m`, `2G`, `1.5gb`; 1 k is 1024. */
export function bytesOf(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,15}(?:\.\d{1,6})?)\s?([a-z]{0,2})$/i.exec(text) ?? [];
  const factor = BYTES.get(unit.toLowerCase());
  return digits === "" || factor === undefined ? undefined : Math.round(Number(digits) * factor);
}

const MILLISECONDS: ReadonlyMap<string, number> = new Map([
  ["us", 0.001],
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Go's durations as Compose and Docker take them: `1m30s`, `500ms`. */
export function durationMs(text: string): number | undefined {
  let total = 0;
  let rest = text;
  while (rest !== "") {
    const [all = "", digits = "", unit = ""] =
      /^(\d{1,12}(?:\.\d{1,6})?)(us|ms|s|m|h)/.exec(rest) ?? [];
    if (all === "") return undefined;
    total += Number(digits) * (MILLISECONDS.get(unit) ?? 0);
    rest = rest.slice(all.length);
  }
  return text === "" ? undefined : total;
}
