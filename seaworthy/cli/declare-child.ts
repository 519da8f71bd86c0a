import { isBuiltin, registerHooks } from "node:module";
import { lower } from "../system/lower.ts";

/**
 * Runs inside the guarded loader's child: under Node's permission model, with an empty
 * environment (architecture §15). Takes the clock, chance, network and `node:` modules away,
 * loads the declaration, and writes one JSON document to stdout. Imports as little as it can.
 */

/** One document on stdout; `load-declaration` reads it as outside data. */
type Answer =
  | { readonly kind: "declared"; readonly data: unknown }
  | { readonly kind: "impure"; readonly attempts: readonly Attempt[] }
  | {
      readonly kind: "threw";
      readonly name: string;
      readonly message: string;
      readonly stack: string;
    }
  | { readonly kind: "no-default" };

interface Attempt {
  readonly what: string;
  /** `file:///…/system.ts:3:14`, where it is known. */
  readonly at: string | undefined;
  /** The specifier that was imported, where that was the attempt. */
  readonly specifier: string | undefined;
}

/** What is left of the global object: the language, and a few pure tools. */
const PURE_GLOBALS = new Set(
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol
  Promise RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError
  URIError SuppressedError JSON Math ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array
  Uint32Array Int32Array Float16Array Float32Array Float64Array Uint8ClampedArray BigUint64Array
  BigInt64Array DataView Map BigInt Set Iterator WeakMap WeakSet Proxy Reflect decodeURI
  decodeURIComponent encodeURI encodeURIComponent escape unescape eval globalThis console URL
  URLSearchParams TextEncoder TextDecoder structuredClone queueMicrotask atob btoa Date
  DisposableStack AsyncDisposableStack`.split(/\s+/),
);

/** Why a global is gone, by what it would reach. */
const REACHES: readonly (readonly [RegExp, string])[] = [
  [/^process\.env/, "the environment"],
  [/^process/, "the process"],
  [/^(fetch|WebSocket|EventSource|XMLHttpRequest|Request|Response|Headers)/, "the network"],
  [/^(set|clear)(Timeout|Interval|Immediate)|^(performance|scheduler|Intl|Atomics)/, "the clock"],
  [/^crypto/, "chance"],
];

const attempts: Attempt[] = [];
const [, , declaration = "", project = "", door = ""] = process.argv;
// Kept from before the declaration can touch them.
const { stringify } = JSON;
const stdout = process.stdout;
const exit = process.exit.bind(process);

function refuse(what: string, specifier?: string): never {
  attempts.push({ what, at: placeInProject(new Error().stack), specifier });
  throw new Error(`a declaration is data: it cannot use ${what}`);
}

function placeInProject(stack: unknown): string | undefined {
  if (typeof stack !== "string") return undefined;
  return stack
    .split("\n")
    .map((line) => /(file:\/\/\/[^\s)]+:\d+:\d+)/.exec(line)?.[1])
    .find((place) => place?.startsWith(project) === true);
}

/** Only the door, and files of the project, always as ES modules. */
function guardModules(): void {
  const house = new URL("..", import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === "seaworthy")
        return { url: door, format: formatOf(door), shortCircuit: true };
      if (isBuiltin(specifier)) refuse(`the module ${specifier}`, specifier);
      const resolved = resolve(specifier, () => next(specifier, context));
      const { url } = resolved;
      if (url.startsWith(project)) return { ...resolved, format: formatOf(url) ?? resolved.format };
      if (context.parentURL?.startsWith(house) === true && url.startsWith(house)) return resolved;
      return refuse(`${url.replace(/^file:\/\//, "")}, which is outside its folder`, specifier);
    },
    load: (url, context, next) =>
      next(url, { ...context, format: formatOf(url) ?? context.format }),
  });
}

/** What the permission model refuses to look at lies outside, too. */
function resolve<Resolved>(specifier: string, next: () => Resolved): Resolved {
  try {
    return next();
  } catch (error) {
    const denied = error instanceof Error && "code" in error && error.code === "ERR_ACCESS_DENIED";
    return denied ? refuse(`${specifier}, which is outside its folder`, specifier) : rethrow(error);
  }
}

function rethrow(error: unknown): never {
  throw error;
}

/** A CommonJS folder, or none with a package.json, makes no difference. */
function formatOf(url: string): string | undefined {
  const [path = ""] = url.split("?");
  if (path.endsWith(".ts") || path.endsWith(".mts")) return "module-typescript";
  if (path.endsWith(".js") || path.endsWith(".mjs")) return "module";
  return undefined;
}

function guardGlobals(): void {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (PURE_GLOBALS.has(name)) continue;
    // Some are built when first touched, even by being replaced: 20 ms for the network ones.
    Reflect.deleteProperty(globalThis, name);
    Object.defineProperty(globalThis, name, { value: absent(name), configurable: true });
  }
  Object.defineProperty(Math, "random", { value: () => refuse("chance (Math.random)") });
  guardDate();
  guardConsole();
}

/** Stands in for a global: existing is no fault, using it is. */
function absent(name: string): unknown {
  const use = (path: string): never => {
    const reach = REACHES.find(([pattern]) => pattern.test(path))?.[1];
    return refuse(reach === undefined ? path : `${reach} (${path})`);
  };
  // An arrow could not be constructed, and the attempt would be called a TypeError.
  const nothing = function (): void {};
  return new Proxy(nothing, {
    get: (_target, key) => (key === "env" ? absent(`${name}.env`) : use(`${name}.${String(key)}`)),
    has: () => use(name),
    ownKeys: () => use(name),
    apply: () => use(name),
    construct: () => use(name),
  });
}

/** Dates that are written down stay; the present moment goes. */
function guardDate(): void {
  const now = (): never => refuse("the clock (Date.now)");
  const pure = new Proxy(Date, {
    get: (target, key): unknown => (key === "now" ? now : Reflect.get(target, key)),
    apply: () => refuse("the clock (Date)"),
    construct: (target, values: unknown[], made): object =>
      values.length === 0
        ? refuse("the clock (new Date)")
        : built(Reflect.construct(target, values, made)),
  });
  Object.defineProperty(Date.prototype, "constructor", { value: pure });
  Object.defineProperty(globalThis, "Date", { value: pure });
}

function built(made: unknown): object {
  return typeof made === "object" && made !== null ? made : {};
}

/** What a declaration prints goes to stderr; stdout holds the answer alone. */
function guardConsole(): void {
  const { error } = console;
  const names = ["log", "info", "warn", "debug", "trace", "dir", "error", "table"];
  const quiet = Object.fromEntries(names.map((name) => [name, error]));
  Object.defineProperty(globalThis, "console", { value: quiet });
}

async function declare(): Promise<Answer> {
  guardModules();
  guardGlobals();
  try {
    const exported = defaultOf(await import(declaration));
    if (attempts.length > 0) return { kind: "impure", attempts };
    if (exported === undefined) return { kind: "no-default" };
    return { kind: "declared", data: lower(exported) };
  } catch (error) {
    if (attempts.length > 0) return { kind: "impure", attempts };
    // Node adds the place of a syntax error only where nobody catches it.
    if (error instanceof SyntaxError) throw error;
    if (!(error instanceof Error)) {
      return { kind: "threw", name: "", message: String(error), stack: "" };
    }
    const { name, message, stack } = error;
    return { kind: "threw", name, message, stack: String(stack) };
  }
}

function defaultOf(module: unknown): unknown {
  const isModule = typeof module === "object" && module !== null && "default" in module;
  return isModule ? module.default : undefined;
}

const answer = await declare();
stdout.write(stringify(answer), () => exit(0));
