/** EX_CONFIG of sysexits(3): the program cannot run with this configuration; do not try again. */
export const EXIT_CONFIGURATION = 78;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads declared variables one by one and remembers every fault, so that a boot names all of them
 * at once. A faulty read returns a neutral value that never leaves `parseEnvironment`.
 * Without a `fallback` the variable is required; an empty text counts as absent.
 */
export interface EnvironmentReader {
  text(name: string, options?: TextOptions): string;
  /** Whole decimal number within `min` and `max`, both included. */
  integer(name: string, options: IntegerOptions): number;
  choice<Choice extends string>(name: string, options: ChoiceOptions<Choice>): Choice;
  /** Names separated by commas, each once, at least one. */
  list(name: string, options?: TextOptions): readonly string[];
  /** An origin: `http://host:port` without a path. Returned without a slash at the end. */
  origin(name: string, options?: TextOptions): string;
  /** For what only the reader of the settings can know: a missing file, a contradiction. */
  fault(message: string): void;
}

interface TextOptions {
  readonly fallback?: string;
  readonly pattern?: RegExp;
  /** What `pattern` asks for, in words, for the fault. */
  readonly expected?: string;
}
interface IntegerOptions {
  readonly min: number;
  readonly max: number;
  readonly fallback?: number;
}
interface ChoiceOptions<Choice extends string> {
  readonly choices: readonly [Choice, ...Choice[]];
  readonly fallback?: Choice;
}

export type Parsed<Settings> =
  | { readonly ok: true; readonly value: Settings }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Parses the whole environment; either every setting is good, or every fault is named. */
export function parseEnvironment<Settings>(
  environment: Environment,
  read: (reader: EnvironmentReader) => Settings,
): Parsed<Settings> {
  const faults: string[] = [];
  const value = read(createReader(environment, faults));
  return faults.length === 0 ? { ok: true, value } : { ok: false, faults };
}

function createReader(environment: Environment, faults: string[]): EnvironmentReader {
  const fault = (message: string): void => void faults.push(message);
  const raw = (name: string): string | undefined => environment[name] || undefined;
  const text = (name: string, options: TextOptions = {}): string => {
    const value = raw(name) ?? options.fallback;
    if (value === undefined) {
      fault(`${name} is missing`);
      return "";
    }
    if (options.pattern !== undefined && !options.pattern.test(value)) {
      fault(`${name} is ${JSON.stringify(value)}: expected ${options.expected ?? options.pattern}`);
    }
    return value;
  };
  const reader: Omit<EnvironmentReader, "integer" | "choice"> = {
    text,
    list: (name, options) => readList(text(name, options), { name, fault }),
    origin: (name, options) => readOrigin(text(name, options), { name, fault }),
    fault,
  };
  return {
    ...reader,
    integer: (name, options) => readInteger(raw(name), { ...options, name, fault }),
    choice: (name, options) => {
      const value = raw(name) ?? options.fallback;
      const found = options.choices.find((choice) => choice === value);
      if (found === undefined) {
        fault(`${name} is ${shown(value)}: expected one of ${options.choices.join(", ")}`);
      }
      return found ?? options.choices[0];
    },
  };
}

interface Naming {
  readonly name: string;
  readonly fault: (message: string) => void;
}

function readInteger(value: string | undefined, options: IntegerOptions & Naming): number {
  const { name, min, max, fallback, fault } = options;
  if (value === undefined && fallback !== undefined) return fallback;
  const number = value !== undefined && /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  fault(
    value === undefined
      ? `${name} is missing`
      : `${name} is ${shown(value)}: expected a whole number from ${min} to ${max}`,
  );
  return min;
}

function readList(value: string, { name, fault }: Naming): readonly string[] {
  if (value === "") return [];
  const names = value.split(",").map((part) => part.trim());
  if (names.includes("")) fault(`${name} is ${shown(value)}: an empty name between commas`);
  if (new Set(names).size < names.length) fault(`${name} is ${shown(value)}: a name stands twice`);
  return names;
}

function readOrigin(value: string, { name, fault }: Naming): string {
  if (value === "") return "";
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const good =
    url !== undefined &&
    (url.protocol === "http:" || url.protocol === "https:") &&
    url.pathname === "/" &&
    url.search + url.hash + url.username + url.password === "";
  if (!good) fault(`${name} is ${shown(value)}: expected an address like http://127.0.0.1:8080`);
  return url?.origin ?? "";
}

function shown(value: string | undefined): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
