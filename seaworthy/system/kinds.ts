import { formatBytes, parseBytes } from "@seaworthy/std/bytes";
import { formatDuration, parseDuration } from "@seaworthy/std/duration";
import { parseFactor, parsePercent, parseRate } from "@seaworthy/std/ratio";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { suggestion } from "./nearest.ts";
import { notA, shown, type Leaf, type ReadLog, type Wrong } from "./reader.ts";
import type { ParseRule } from "./why.ts";

/** The kinds of single values a declaration holds. Nothing is clamped: what is wrong is said. */

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** Longer single texts are surely no configuration. 64 KiB. */
const TEXT_LENGTH_MAX = 65_536;

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Text with a unit that becomes a number, within bounds that are part of the message. */
interface Measure {
  readonly rule: ParseRule;
  readonly example: string;
  readonly what: string;
  readonly parse: (text: string) => Result<number, string>;
  readonly show: (value: number) => string;
}

function measure(unit: Measure, bounds: Bounds): Leaf<number> {
  const min = bounds.min ?? 0;
  const max = bounds.max ?? Number.MAX_SAFE_INTEGER;
  const expected = `${unit.what} ("${unit.example}")`;
  const refused = (message: string, fix: string): Result<number, Wrong> =>
    refuse({ rule: unit.rule, message, fix });
  return {
    expected,
    placeholder: min,
    show: unit.show,
    parse: (input) => {
      if (typeof input === "number") {
        const fix = `Write it as text with its unit: "${unit.example}".`;
        return refused(`${shown(input)} has no unit: expected ${expected}`, fix);
      }
      if (typeof input !== "string") {
        return refused(`${shown(input)} is not ${expected}`, `Write ${expected}.`);
      }
      const value = unit.parse(input);
      if (!value.ok) return refused(value.error, `Write ${expected}.`);
      if (value.value >= min && value.value <= max) return ok(value.value);
      const bound = value.value < min ? `at least ${unit.show(min)}` : `at most ${unit.show(max)}`;
      return refused(`${shown(input)} is out of bounds: ${bound}`, `Write ${bound}.`);
    },
  };
}

const DURATION: Measure = {
  rule: "bad-duration",
  example: "30s",
  what: "a duration with its unit",
  parse: parseDuration,
  show: formatDuration,
};

export function duration(bounds: Bounds = {}): Leaf<number> {
  return measure(DURATION, bounds);
}

export function size(bounds: Bounds = {}): Leaf<number> {
  const what = "a size with its unit";
  const rule = "bad-size";
  return measure({ rule, example: "1MiB", what, parse: parseBytes, show: formatBytes }, bounds);
}

export function percent(bounds: Bounds = {}): Leaf<number> {
  const show = (ratio: number): string => `${Number((ratio * 100).toPrecision(12))}%`;
  const what = "a percentage";
  return measure(
    { rule: "bad-percent", example: "99.9%", what, parse: parsePercent, show },
    { max: 1, ...bounds },
  );
}

export function rate(bounds: Bounds = {}): Leaf<number> {
  const show = (perSecond: number): string => `${perSecond}/s`;
  const what = "a rate with its unit";
  return measure({ rule: "bad-rate", example: "200/s", what, parse: parseRate, show }, bounds);
}

export function factor(bounds: Bounds = {}): Leaf<number> {
  const show = (times: number): string => `${times}x`;
  const what = "a factor";
  return measure({ rule: "bad-factor", example: "2x", what, parse: parseFactor, show }, bounds);
}

export function integer(bounds: Required<Bounds>): Leaf<number> {
  const { min, max } = bounds;
  const expected = `a whole number from ${min} to ${max}`;
  return {
    expected,
    placeholder: min,
    show: String,
    parse: (input) => {
      const fits = typeof input === "number" && Number.isInteger(input);
      return fits && input >= min && input <= max ? ok(input) : refuse(notA(input, expected));
    },
  };
}

export const flag: Leaf<boolean> = {
  expected: "true or false",
  placeholder: false,
  show: String,
  parse: (input) => (typeof input === "boolean" ? ok(input) : refuse(notA(input, "true or false"))),
};

/** Text that `accepts` takes; without it, any text that is not empty. */
export function text(
  expected: string,
  accepts: (text: string) => boolean = (given) => given !== "",
): Leaf<string> {
  return {
    expected,
    placeholder: "",
    show: (value) => JSON.stringify(value),
    parse: (input) => {
      const fits = typeof input === "string" && input.length <= TEXT_LENGTH_MAX;
      return fits && accepts(input) ? ok(input) : refuse(notA(input, expected));
    },
  };
}

/** Text that may hold a password where it is wrong: a message never repeats it. */
export function guardedText(expected: string, accepts: (text: string) => boolean): Leaf<string> {
  const kind = text(expected, accepts);
  return {
    ...kind,
    parse: (input, log) => {
      const result = kind.parse(input, log);
      return result.ok ? result : refuse(notThat(expected));
    },
  };
}

/** As `notA`, without the value. */
export function notThat(expected: string): Wrong {
  return { ...notA("", expected), message: `what is written here is not ${expected}` };
}

export const anyText = text("text", () => true);
export const urlPath = text('a path that starts with "/"', (given) => /^\/[^\s#]*$/.test(given));
export const hostName = text("a host name", (given) => HOST_NAME.test(given));

export const unitName: Leaf<string> = {
  ...text("a name: a lower-case letter, then up to 39 of a-z, 0-9 and -"),
  parse: (input) => {
    const wrong = badName(input);
    return typeof input === "string" && wrong === undefined ? ok(input) : refuse(wrong ?? notName);
  },
};

const notName: Wrong = {
  rule: "bad-name",
  message: "a name is text",
  fix: "A name is a lower-case letter, then up to 39 of a-z, 0-9 and -.",
};

/** Names become folders, host names and labels: the strictest of those decides. */
export function badName(name: unknown): Wrong | undefined {
  if (typeof name === "string" && NAME.test(name)) return undefined;
  return { ...notName, message: `${shown(name)} is no name` };
}

/** Variables that every instance is given (architecture §2) cannot be declared. */
export function badVariable(name: string): Wrong | undefined {
  const rule = "bad-name";
  if (!VARIABLE.test(name)) {
    const fix = "Use letters, digits and _, and do not start with a digit.";
    return { rule, message: `${shown(name)} is no name of an environment variable`, fix };
  }
  if (name === "HOST" || name === "PORT" || name.startsWith("SEAWORTHY_")) {
    const message = `\`${name}\` is given to each instance by Seaworthy`;
    return { rule, message, fix: "Remove it; read it in the program, it is always there." };
  }
  return undefined;
}

export const secretName = text("the name of a secret (letters, digits and _)", (given) =>
  VARIABLE.test(given),
);

export const serviceName: Leaf<string> = {
  expected: "the name of a service",
  placeholder: "",
  show: (value) => JSON.stringify(value),
  parse: (input, log: ReadLog) => {
    if (typeof input !== "string") return refuse(notA(input, "the name of a service"));
    if (log.describing || log.services.has(input)) return ok(input);
    return refuse(unknownUnit(input, { what: "service", known: log.services, room: "services" }));
  },
};

/** What has an address: a service or a store. */
export const addressName: Leaf<string> = {
  ...serviceName,
  expected: "the name of a service or store",
  parse: (input, log: ReadLog) => {
    const known = new Set([...log.services, ...log.stores]);
    if (typeof input !== "string") return refuse(notA(input, "the name of a service or store"));
    if (log.describing || known.has(input)) return ok(input);
    const what = log.stores.size === 0 ? "service" : "service or store";
    return refuse(unknownUnit(input, { what, known, room: "services" }));
  },
};

export function unknownStore(name: string, log: ReadLog): Wrong {
  return unknownUnit(name, { what: "store", known: log.stores, room: "stores" });
}

function unknownUnit(
  name: string,
  among: {
    readonly what: "service" | "store" | "service or store";
    readonly known: ReadonlySet<string>;
    readonly room: string;
  },
): Wrong {
  const hint = suggestion(name, among.known);
  return {
    rule: among.what === "store" ? "unknown-store" : "unknown-service",
    message: `There is no ${among.what} \`${name}\`. ${hint}`.trimEnd(),
    fix: hint.startsWith("Did") ? hint : `Declare \`${name}\` under \`${among.room}\`.`,
  };
}

/** One of a few words; words that are planned have their way out. */
export function choice<const Word extends string>(
  words: readonly [Word, ...Word[]],
  later: Readonly<Record<string, string>> = {},
): Leaf<Word> {
  const expected = words.map((word) => JSON.stringify(word)).join(" or ");
  return {
    expected,
    placeholder: words[0],
    show: (word) => JSON.stringify(word),
    parse: (input) => {
      const word = words.find((candidate) => candidate === input);
      if (word !== undefined) return ok(word);
      const way =
        typeof input === "string" && Object.hasOwn(later, input) ? later[input] : undefined;
      if (way !== undefined) {
        return refuse({
          rule: "not-yet",
          message: `${shown(input)} is not supported yet`,
          fix: way,
        });
      }
      const hint = typeof input === "string" ? suggestion(input, words) : "";
      const wrong = notA(input, expected);
      return refuse({ ...wrong, message: `${wrong.message}. ${hint}`.trim() });
    },
  };
}
