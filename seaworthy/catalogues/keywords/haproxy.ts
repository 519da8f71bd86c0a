import { once } from "../once.ts";
import file from "./haproxy.json" with { type: "json" };

const PROXY_SECTIONS = { d: "defaults", f: "frontend", l: "listen", b: "backend" } as const;

export type ProxySection = (typeof PROXY_SECTIONS)[keyof typeof PROXY_SECTIONS];

/** A keyword of HAProxy's proxy sections. */
export interface HaproxyKeyword {
  /** One to three words: `option httplog`, `timeout client`. */
  readonly name: string;
  readonly sections: readonly ProxySection[];
  /** Where the program refuses to start because of it; elsewhere it warns and ignores it. */
  readonly refusedIn: readonly ProxySection[];
  /** The even version whose manual has it first; `1.8` stands for that and all before. */
  readonly since: string;
  /** The even version whose manual has it no longer. */
  readonly goneIn: string | undefined;
}

/** A keyword that stands in one kind of place: `global`, a `bind` line or a `server` line. */
interface HaproxyWord {
  readonly since: string;
  readonly goneIn: string | undefined;
}

const proxy = once(
  () =>
    new Map(
      file.proxy.map((row) => {
        const [key = "", sections = "", since = "", gone] = row.split(" ");
        const [allowed = "", refused = ""] = sections.split("!");
        const name = key.replaceAll("~", " ");
        const keyword: HaproxyKeyword = {
          name,
          sections: sectionsOf(allowed),
          refusedIn: sectionsOf(refused),
          since,
          goneIn: gone?.slice(1),
        };
        return [name, keyword] as const;
      }),
    ),
);

/** The longest keyword that a line begins with, behind a `no` or a `default`. */
export function haproxyKeyword(words: readonly string[]): HaproxyKeyword | undefined {
  const [first] = words;
  const rest = first === "no" || first === "default" ? words.slice(1) : words;
  for (const count of [3, 2, 1]) {
    const known = proxy().get(rest.slice(0, count).join(" "));
    if (known !== undefined && rest.length >= count) return known;
  }
  return undefined;
}

/** Every keyword of the proxy sections, for a suggestion of the nearest one. */
export function haproxyKeywords(): Iterable<string> {
  return proxy().keys();
}

const PLACES = {
  global: once(() => wordsOf(file.global)),
  bind: once(() => wordsOf(file.bind)),
  server: once(() => wordsOf(file.server)),
} as const;

export type HaproxyPlace = keyof typeof PLACES;

/** A keyword of `global`, or of the options on a `bind` or `server` line. */
export function haproxyWord(place: HaproxyPlace, word: string): HaproxyWord | undefined {
  return PLACES[place]().get(word);
}

export function haproxyWords(place: HaproxyPlace): Iterable<string> {
  return PLACES[place]().keys();
}

const sslOptions = once(() => new Set(file.sslDefaultOptions.split(" ")));

/** Whether `ssl-default-bind-options` takes the word (for servers: but `prefer-client-ciphers`). */
export function isHaproxySslDefaultOption(word: string): boolean {
  return sslOptions().has(word);
}

const actions = once(
  () => new Map(Object.entries(file.actions).map(([rules, names]) => [rules, names.split(" ")])),
);

/**
 * The actions that `http-request`, `tcp-request content` and their like take. A name with
 * arguments is known by what stands before the bracket: `set-var` for `set-var(txn.x)`.
 */
export function haproxyActions(rules: string): readonly string[] | undefined {
  return actions().get(rules);
}

const others = once(
  () =>
    new Map(
      Object.entries(file.otherSections).map(([name, words]) => [name, words.split(" ")] as const),
    ),
);

/** Keywords of the sections beside the proxies and `global`; undefined: no section I know. */
export function haproxySectionKeywords(section: string): readonly string[] | undefined {
  return others().get(section);
}

export function haproxySources(): readonly string[] {
  return file.sources;
}

function sectionsOf(letters: string): readonly ProxySection[] {
  return (["d", "f", "l", "b"] as const)
    .filter((letter) => letters.includes(letter))
    .map((letter) => PROXY_SECTIONS[letter]);
}

function wordsOf(rows: readonly string[]): ReadonlyMap<string, HaproxyWord> {
  return new Map(
    rows.map((row) => {
      const [name = "", since = "", gone] = row.split(" ");
      return [name, { since, goneIn: gone?.slice(1) }];
    }),
  );
}
