import { basename } from "node:path";
import { WORLD } from "./line.ts";

/** One house rule that no linter of ours can say. No complaint means that it holds. */
export interface Rule {
  readonly name: string;
  readonly holdsFor: (path: string) => boolean;
  readonly complain: (file: SourceText) => readonly string[];
}

export interface SourceText {
  /** Relative to the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** A terminal beside a diff: what a reader sees without scrolling. */
const COLUMNS_MAX = 100;

const isSource = (path: string): boolean => /\.(ts|js|mjs|py)$/.test(path);
const isTypeScript = (path: string): boolean => path.endsWith(".ts");
const isAny = (): boolean => true;

export const RULES: readonly Rule[] = [
  {
    name: "columns",
    holdsFor: isSource,
    complain: (file) =>
      eachLine(file, (line) =>
        Array.from(line).length > COLUMNS_MAX
          ? `${Array.from(line).length} columns, ${COLUMNS_MAX} are allowed`
          : undefined,
      ),
  },
  {
    name: "whitespace",
    holdsFor: (path) => !path.endsWith(".golden"),
    complain: (file) => [
      ...eachLine(file, (line) => (/[ \t\r]$/.test(line) ? "ends in white space" : undefined)),
      ...(file.text === "" || file.text.endsWith("\n")
        ? []
        : [`${file.path}: no newline at its end`]),
    ],
  },
  { name: "names", holdsFor: isSource, complain: complainOfName },
  {
    name: "shell",
    holdsFor: isTypeScript,
    complain: (file) =>
      // Readers of other people's files must know the words of a shell; they start nothing.
      find(
        file,
        file.path.startsWith("seaworthy/facts/") ? SHELL.slice(0, -1) : SHELL,
        "a shell: commands are argv values (STYLE.md)",
      ),
  },
  {
    name: "world",
    holdsFor: (path) => isTypeScript(path) && !WORLD.some((allowed) => allowed.test(path)),
    complain: (file) => find(file, WORLD_DOORS, "time, chance and environment come from std"),
  },
  {
    name: "suppressions",
    holdsFor: isSource,
    complain: (file) => find(file, SUPPRESSIONS, "a guard is silenced without a reason"),
  },
  {
    name: "focus",
    holdsFor: isTypeScript,
    complain: (file) => find(file, FOCUS, "a test that runs alone, or is skipped without a reason"),
  },
  {
    name: "words",
    holdsFor: isAny,
    complain: (file) =>
      // A catalogue says where images keep their data, a home inside of an image among it.
      find(
        file,
        file.path.startsWith("seaworthy/catalogues/images/") ? WORDS.slice(1) : WORDS,
        "must not be committed",
      ),
  },
];

/** Complaints of all rules about these files; a check over no file at all is itself a complaint. */
export function complaintsAbout(files: readonly SourceText[], rules = RULES): readonly string[] {
  return rules.flatMap((rule) => {
    const subjects = files.filter((file) => rule.holdsFor(file.path));
    if (subjects.length === 0) return [`[${rule.name}] saw no file: the guard guards nothing`];
    return subjects.flatMap(rule.complain).map((complaint) => `[${rule.name}] ${complaint}`);
  });
}

const SHELLS = "(?:/bin/|/usr/bin/)?(?:ba|da|z|k)?sh|cmd(?:\\.exe)?|powershell";
const CHILD_PROCESS = "from\\s+[\"'](?:node:)?child_process[\"']";
const SHELL: readonly RegExp[] = [
  new RegExp(`import\\s*\\{[^}]*\\bexec(?:Sync)?\\b[^}]*\\}\\s*${CHILD_PROCESS}`, "g"),
  // Behind a namespace or a default import, `exec` could be called unseen.
  new RegExp(`import\\s+(?:\\*\\s+as\\s+)?\\w+\\s+${CHILD_PROCESS}`, "g"),
  /\bshell\s*:\s*(?:true|["'`])/g,
  new RegExp(`\\b(?:spawn|spawnSync|execFile|execFileSync)\\(\\s*["'\`](?:${SHELLS})["'\`]`, "g"),
  new RegExp(`\\[\\s*["'\`](?:${SHELLS})["'\`]\\s*,\\s*["'\`]-\\w*c["'\`]`, "g"),
];

const WORLD_DOORS: readonly RegExp[] = [
  /\bnew Date\(\s*\)/g,
  /from\s+["'](?:node:)?timers(?:\/promises)?["']/g,
  /from\s+["'](?:node:)?perf_hooks["']/g,
  /\{[^}]*\benv\b[^}]*\}\s*from\s+["'](?:node:)?process["']/g,
  /\bprocess\.hrtime\b/g,
];

const SUPPRESSIONS: readonly RegExp[] = [
  /(?:oxlint|eslint)-disable(?!.* -- \S)[^\n]*/g,
  /@ts-(?:ignore|nocheck)\b[^\n]*/g,
  new RegExp(`@ts-${"expect"}-error(?! +\\S)`, "g"),
  /biome-ignore(?!.* -- \S)[^\n]*/g,
];

const FOCUS: readonly RegExp[] = [
  /\b(?:test|it|describe|suite)\.(?:only|todo)\(/g,
  // `context.skip("reason")` is fine; a skipped test that only has its name is not.
  /\.skip\(\s*(?:\)|(["'`])(?:(?!\1).)*\1\s*,)/g,
  /\b(?:only|skip|todo)\s*:\s*true\b/g,
];

/** Put together from halves, so that this file does not break its own rule. */
const WORDS: readonly RegExp[] = [
  new RegExp(`(?<![\\w.])/(?:${["wo", "rk"].join("")}|${["ro", "ot"].join("")})/`, "g"),
  /\/\/(?!registry\.example\b)[\w.-]*(?:registry|artifactory|verdaccio)[\w-]*\.[\w.-]+/gi,
  new RegExp(
    `\\b(?:${["an|thropic", "cla|ude", "chat|gpt", "co|pilot", "co|dex"].map(join).join("|")})\\b`,
    "gi",
  ),
  new RegExp(`\\b(?:ai|coding) ${["assis", "tant"].join("")}|\\bco-authored-by:`, "gi"),
];

function join(halves: string): string {
  return halves.replace("|", "");
}

const NAMES_FORBIDDEN = new Set([
  "utils",
  "util",
  "helpers",
  "helper",
  "common",
  "misc",
  "types",
  "index",
]);

function complainOfName({ path }: SourceText): readonly string[] {
  const name = basename(path).replace(/(\.test|\.integration|\.fixture)?\.\w+$/, "");
  if (NAMES_FORBIDDEN.has(name) || /(^|-)managers?$/.test(name)) {
    return [`${path}: ${name} says nothing; name the noun or verb it holds`];
  }
  const isKebab = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(
    path.endsWith(".py") ? name.replaceAll("_", "-") : name,
  );
  return isKebab
    ? []
    : [`${path}: names are kebab-case, with no suffix but .test, .integration, .fixture`];
}

function eachLine(
  file: SourceText,
  judge: (line: string) => string | undefined,
): readonly string[] {
  return file.text.split("\n").flatMap((line, index) => {
    const complaint = judge(line);
    return complaint === undefined ? [] : [`${file.path}:${index + 1}: ${complaint}`];
  });
}

function find(file: SourceText, patterns: readonly RegExp[], why: string): readonly string[] {
  return patterns.flatMap((pattern) =>
    [...file.text.matchAll(pattern)].map((match) => {
      const line = file.text.slice(0, match.index).split("\n").length;
      return `${file.path}:${line}: ${JSON.stringify(match[0].slice(0, 60))}: ${why}`;
    }),
  );
}
