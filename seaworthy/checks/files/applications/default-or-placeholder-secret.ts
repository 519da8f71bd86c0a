import { at, baseName, type Location } from "../../../facts/source.ts";
import { entriesAt, type Node } from "../../../facts/node.ts";
import { structured } from "../../../facts/structured.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isPlaceholder, isSecretName, literalDefault } from "./secret-words.ts";

export const defaultOrPlaceholderSecret: FileRule = {
  name: "default-or-placeholder-secret",
  summary: "a password or key that everybody can guess reaches production",
  check: (unit) => [
    ...springDefaults(unit),
    ...environmentFiles(unit),
    ...components(unit),
    ...sqlPasswords(unit),
    ...notifications(unit),
  ],
};

interface Weak {
  readonly name: string;
  readonly at: Location;
}

/** One finding a file: what is weak, by name; never the value. */
function grouped(
  weak: readonly Weak[],
  said: { readonly severity: Found["severity"]; readonly what: string },
): readonly Found[] {
  const files = new Map<string, Weak[]>();
  for (const one of weak) {
    const file = one.at.as ?? one.at.file;
    files.set(file, [...(files.get(file) ?? []), one]);
  }
  return [...files].flatMap(([file, [first, ...others]]): readonly Found[] => {
    if (first === undefined) return [];
    const names = [...new Set([first, ...others].map(({ name }) => name))];
    return [
      {
        severity: isExample(file) ? "note" : said.severity,
        message: `${names.join(", ")} ${names.length > 1 ? "have" : "has"} ${said.what}`,
        places: [first.at, ...others.map(({ at: place }) => place)],
        why:
          "whoever knows the product, or this repository, has the key: accounts, tokens and data " +
          "are theirs, and no log shows that it was not you",
        fix: "no default: make the variable required, and let a secret store provide it",
      },
    ];
  });
}

const EXAMPLE = /example|sample|template|\.dist$/i;
const SURROUNDINGS = /(^|[/.-])(dev|development|local|test|tests|ci|e2e)([/.-]|$)/i;

/** Files that show what a real one looks like, and surroundings where nothing is to be lost. */
function isExample(path: string): boolean {
  return EXAMPLE.test(path) || SURROUNDINGS.test(path);
}

/** `${JWT_SECRET:a-working-key}`: the program starts with the default, and nobody notices. */
function springDefaults(unit: Unit): readonly Found[] {
  const weak = unit.documents.of("spring-configuration").flatMap(({ file, keys, profile }) =>
    keys.flatMap(({ key, value, line, onProfile }) => {
      const fallback = literalDefault(value);
      if (fallback === undefined || !isSecretName(key)) return [];
      if (/dev|test|local/.test(onProfile ?? profile ?? "")) return [];
      const known = isPlaceholder(key, fallback) && !isGiven(unit, value) && !BEHIND.test(key);
      return [{ name: key, at: at(file, line), known }];
    }),
  );
  const what = "a default that works";
  return [
    ...grouped(
      weak.filter(({ known }) => known),
      { severity: "error", what },
    ),
    ...grouped(
      weak.filter(({ known }) => !known),
      { severity: "warning", what },
    ),
  ];
}

/** Who wants to use these has to be inside of the network already. */
const BEHIND =
  /datasource|jdbc|redis|mongo|rabbit|kafka|cassandra|neo4j|elastic|key-?store|trust-?store|mail/i;

/** Some container is given the variable, so that its default is that of a developer's machine. */
function isGiven(unit: Unit, value: string): boolean {
  const [, name] = /\$\{([\w.-]{1,100}):/.exec(value) ?? [];
  if (name === undefined) return false;
  const { documents, facts } = unit.repository;
  const components = facts.of("component");
  const loaded = new Set(
    components.flatMap(({ environmentFiles }) =>
      environmentFiles.map((one) => baseName(one.value)),
    ),
  );
  const set = new RegExp(`(?:^|\\s)${name.replaceAll(".", "\\.")}=`);
  return (
    components.some(({ environment }) => environment.has(name)) ||
    documents.of("environment").some(({ file: { path, text } }) => {
      // Compose reads `.env` itself; an example says that the real one is given.
      const isRead = baseName(path) === ".env" || isExample(path) || loaded.has(baseName(path));
      return isRead && set.test(text);
    })
  );
}

/** `.env` files that are given to something, with values that are no secrets. */
function environmentFiles(unit: Unit): readonly Found[] {
  const weak = unit.documents.of("environment").flatMap(({ file }) =>
    file.text.split("\n").flatMap((line, index): readonly Weak[] => {
      const [, name = "", value = ""] =
        /^\s*(?:export\s+)?([A-Za-z_]\w{0,100})\s*=\s*["']?([^"'\n]{0,300}?)["']?\s*$/.exec(line) ??
        [];
      if (!isSecretName(name) && !holdsCredentials(value)) return [];
      return isPlaceholder(name, value) ? [{ name, at: at(file, index + 1) }] : [];
    }),
  );
  return grouped(weak, { severity: "warning", what: "a value that stands in every tutorial" });
}

/** `scheme://user:pass@host` with words that nobody chose. */
function holdsCredentials(value: string): boolean {
  return /:\/\/[\w-]{1,60}:[^@\s/$]{1,100}@/.test(value);
}

function components(unit: Unit): readonly Found[] {
  const weak = unit.facts.of("component").flatMap(({ environment, at: { file, as } }) =>
    [...environment].flatMap(([name, { value, at: place }]): readonly Weak[] => {
      if (value === undefined || !isSecretName(name) || !isPlaceholder(name, value)) return [];
      return isExample(as ?? file) ? [] : [{ name, at: place }];
    }),
  );
  return grouped(weak, { severity: "warning", what: "a value that stands in every tutorial" });
}

const MADE_USER = new RegExp(
  "^(?:CREATE|ALTER) (?:USER|ROLE) (?:IF NOT EXISTS )?[\"'`]?([\\w-]{1,100})" +
    ".{0,200}?(?:PASSWORD|IDENTIFIED BY) '([^']{0,200})'",
  "i",
);

/** `CREATE USER … PASSWORD 'secret'` in a file that everybody has. */
function sqlPasswords(unit: Unit): readonly Found[] {
  const weak = unit.documents.of("sql").flatMap(({ file, statements }) =>
    statements.flatMap(({ text, line }): readonly Weak[] => {
      const [, user, password = ""] = MADE_USER.exec(text) ?? [];
      if (user === undefined || password.includes("${") || /^:|^%/.test(password)) return [];
      return isPlaceholder("password", password)
        ? [{ name: `the user ${user}`, at: at(file, line) }]
        : [];
    }),
  );
  return grouped(weak, { severity: "warning", what: "a password that is written here" });
}

/** Alertmanager with an address or password that no mail server takes. */
function notifications(unit: Unit): readonly Found[] {
  const weak = unit.documents.of("alertmanager").flatMap(({ file }) =>
    structured(file).documents.flatMap((root) =>
      entriesAt(root, "global")
        .flatMap(([name, { node, line }]) => weakValue(file.path, { name, node, line }))
        .map(({ name, line }): Weak => ({ name, at: at(file, line) })),
    ),
  );
  return grouped(weak, { severity: "warning", what: "a value that stands in every tutorial" }).map(
    (found) => ({
      ...found,
      why: "no alert is ever sent: the mail server does not exist, or does not know the password",
      fix: "the real server, and smtp_auth_password_file for its password",
    }),
  );
}

function weakValue(
  path: string,
  entry: { readonly name: string; readonly node: Node; readonly line: number },
): readonly { readonly name: string; readonly line: number }[] {
  const { name, node, line } = entry;
  if (node.type !== "scalar" || isExample(baseName(path))) return [];
  const unreal =
    /smarthost|_from|api_url/.test(name) && /\bexample\.(com|org|net)\b/.test(node.text);
  const guessed = isSecretName(name) && isPlaceholder(name, node.text);
  return unreal || guessed ? [{ name, line }] : [];
}
