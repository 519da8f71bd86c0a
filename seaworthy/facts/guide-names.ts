import type { Block } from "./guide-blocks.ts";
import { baseName } from "./source.ts";

/** What a name's ending or a fence's language says about the text. */
type Sort = "shell" | "yaml" | "json" | "settings" | "sql" | "markup" | "code" | "image" | "any";

const SHELLS = Object.fromEntries([["shell", "sh bash zsh"]]);
const SORT_OF_ENDING: ReadonlyMap<string, Sort> = new Map(
  Object.entries({
    ...SHELLS,
    yaml: "yml yaml",
    json: "json jsonc json5",
    settings:
      "conf cfg cnf config ini toml properties env service timer socket rules cron crontab " +
      "repo list tf tfvars hcl vcl lua acl logrotate limits",
    sql: "sql",
    markup: "xml html j2 tpl tmpl",
    code: "py js mjs cjs ts mts cts jsx tsx go rs java kt kts rb php cs groovy gradle proto",
    image: "dockerfile",
  } satisfies Partial<Record<Sort, string>>).flatMap(([sort, endings]) =>
    endings.split(" ").map((ending): [string, Sort] => [ending, sortOf(sort)]),
  ),
);

const SORT_OF_LANGUAGE: ReadonlyMap<string, Sort> = new Map<string, Sort>([
  ...SORT_OF_ENDING,
  ["shell", "shell"],
  ["console", "shell"],
  ["shell-session", "shell"],
  ["terminal", "shell"],
  ["docker", "image"],
  ["containerfile", "image"],
  ["python", "code"],
  ["javascript", "code"],
  ["typescript", "code"],
  ["golang", "code"],
  ["rust", "code"],
  ["kotlin", "code"],
  ["ruby", "code"],
  ["nginx", "settings"],
  ["haproxy", "settings"],
  ["apache", "settings"],
  ["systemd", "settings"],
  ["dotenv", "settings"],
  ["caddyfile", "settings"],
  ["terraform", "settings"],
  ["postgresql", "sql"],
  ["mysql", "sql"],
]);

function sortOf(name: string): Sort {
  switch (name) {
    case "shell":
    case "yaml":
    case "json":
    case "settings":
    case "sql":
    case "markup":
    case "code":
    case "image":
      return name;
    default:
      return "any";
  }
}

/** Files that are known by their whole name. */
const WHOLE_NAMES = new RegExp(
  "^(?:(?:Docker|Container)file(?:[.-][\\w.-]+)?|[\\w.-]+\\.[Dd]ockerfile|" +
    "\\.env(?:[.-][\\w.-]+)?|" +
    "Makefile|Jenkinsfile|Procfile|Caddyfile|Vagrantfile|Rakefile|\\.dockerignore|\\.gitignore)$",
);
/** Where files without an ending are usual. */
const HOST_FILE = new RegExp(
  "^/(?:etc/(?:[\\w.-]+/)+[\\w.-]+|etc/(?:fstab|hosts|crontab|exports|environment)|" +
    "usr/local/s?bin/[\\w.-]+)$",
);

/** The language's ending for a block that nothing names. */
export function endingFor(language: string): string {
  switch (SORT_OF_LANGUAGE.get(language)) {
    case "shell":
      return "sh";
    case "yaml":
      return "yaml";
    case "json":
      return "json";
    case "sql":
      return "sql";
    case "image":
      return "dockerfile";
    case "settings":
      return SORT_OF_ENDING.has(language) ? language : "conf";
    case "code":
      return CODE_ENDINGS.get(language) ?? language;
    case "markup":
      return language;
    case "any":
    case undefined:
      return "txt";
  }
}

const CODE_ENDINGS: ReadonlyMap<string, string> = new Map([
  ["python", "py"],
  ["javascript", "js"],
  ["typescript", "ts"],
  ["golang", "go"],
  ["rust", "rs"],
  ["kotlin", "kt"],
  ["ruby", "rb"],
]);

/**
 * The file that a block is said to be, as written: by its info string, its first comment, the
 * sentence before it or the heading above it; undefined where none of them names one.
 */
export function nameOf(block: Block): string | undefined {
  const inInfo = filesIn(block.info, true)[0];
  if (inInfo !== undefined) return inInfo;
  const inComment = nameInComment(block);
  if (inComment !== undefined) return inComment;
  for (const [index, paragraph] of block.prose.entries()) {
    // Further above only what announces a file: "Create `app.conf`:", then a word about it.
    if (index > 0 && !/[:：]\W*$/.test(paragraph)) continue;
    const named = onlyFitting(block, filesIn(paragraph, false));
    if (named !== undefined) return named;
  }
  return onlyFitting(block, filesIn(block.heading ?? "", false));
}

/** `# app.py`, `// src/main.ts`, `-- schema.sql`, `<!-- pom.xml -->`, below `#!` and `---`. */
function nameInComment(block: Block): string | undefined {
  for (const line of block.lines.slice(0, 4)) {
    const text = line.slice(0, 300).trim();
    if (text === "" || text === "---" || text.startsWith("#!") || text === "<?php") continue;
    const [, comment] = /^(?:#+|\/\/+|--+|;+|\/\*+|<!--|\{\{-?\s*\/\*)\s*(.*)$/.exec(text) ?? [];
    if (comment === undefined) return undefined;
    const bare = comment.replace(/\s*(?:\*\/(?:\s*-?\}\})?|-->)$/, "");
    const [, said = ""] =
      /^(?:(?:file ?name|file|path|文件名?|路径)\s*[:：=]\s*)?(.*)$/i.exec(bare) ?? [];
    const [named] = filesIn(said, false);
    if (named === undefined || !/^[`"'*]*$/.test(said.slice(0, said.indexOf(named)))) continue;
    const isAlone = said.slice(said.indexOf(named)).replace(/[`"'*\s]+$/, "") === named;
    return isAlone || fits(block, named) ? named : undefined;
  }
  return undefined;
}

function onlyFitting(block: Block, names: readonly string[]): string | undefined {
  const fitting = new Set(names.filter((name) => fits(block, name)));
  return fitting.size === 1 ? [...fitting][0] : undefined;
}

/** Words that look like files: quoted ones where there are any, else the bare ones. */
function filesIn(text: string, isBareEnough: boolean): readonly string[] {
  const marked = [...text.slice(0, 800).matchAll(/`([^`]{1,200})`|\*\*([^*]{1,200})\*\*/g)];
  const quoted = marked.flatMap(([, code, bold]) => tokens(code ?? bold ?? "", true));
  if (quoted.length > 0 && !isBareEnough) return quoted;
  return tokens(text.slice(0, 800), false);
}

function tokens(text: string, isQuoted: boolean): readonly string[] {
  const found: string[] = [];
  for (const [word] of text.matchAll(/[\w.@~$/{}+-]{2,200}/g)) {
    const token = word.replace(/\.+$/, "");
    if (isFile(token) && (isQuoted || !isProduct(token))) found.push(token);
  }
  return found;
}

function isFile(token: string): boolean {
  if (token.startsWith("//") || token.endsWith("/")) return false;
  const base = baseName(token);
  if (WHOLE_NAMES.test(base) || HOST_FILE.test(token)) return true;
  const dot = base.lastIndexOf(".");
  return dot > 0 && SORT_OF_ENDING.has(base.slice(dot + 1).toLowerCase());
}

/** `Node.js` and its like are no files. */
function isProduct(token: string): boolean {
  return /^[A-Z][A-Za-z0-9]*\.(?:js|ts|rs|go|py)$/.test(token);
}

/** Whether a block of this language can be that file, and does not merely use it. */
function fits(block: Block, name: string): boolean {
  const language = SORT_OF_LANGUAGE.get(block.language) ?? "any";
  const sort = sortOfName(name);
  if (language === "shell" || language === "any") {
    if (block.lines[0]?.startsWith("#!") === true) return sort === "shell" || sort === "any";
    if (sort === "shell") return !runs(block, name);
    return !looksLikeCommands(block.lines);
  }
  return sort === "any" || sort === language || (sort === "markup" && language !== "image");
}

function sortOfName(name: string): Sort {
  const base = baseName(name);
  if (/dockerfile|containerfile/i.test(base)) return "image";
  if (base.startsWith(".env")) return "settings";
  return SORT_OF_ENDING.get(base.slice(base.lastIndexOf(".") + 1).toLowerCase()) ?? "any";
}

/** "Run `deploy.sh`:" shows a call of it, not the script. */
function runs(block: Block, name: string): boolean {
  const base = baseName(name);
  return block.lines
    .slice(0, 40)
    .some((line) => !line.trimStart().startsWith("#") && line.slice(0, 400).includes(base));
}

const COMMANDS = new Set(
  (
    "sudo cp mv rm ln cat vi vim nano touch mkdir chmod chown docker docker-compose podman " +
    "kubectl helm kustomize npm npx yarn pnpm node python python3 pip git curl wget apt apt-get " +
    "yum dnf apk brew systemctl service journalctl nginx haproxy ufw firewall-cmd iptables echo " +
    "export cd ls openssl certbot psql mysql mysqldump pg_dump redis-cli ssh scp rsync tar unzip " +
    "sed awk grep find make go cargo java mvn gradle terraform ansible ansible-playbook aws " +
    "gcloud az source set crontab sysctl ulimit logrotate promtool amtool tee jps jstack jmap " +
    "bash sh"
  ).split(" "),
);

/** The first line that is no comment starts a program. */
export function looksLikeCommands(lines: readonly string[]): boolean {
  for (const line of lines.slice(0, 40)) {
    const text = line.slice(0, 200).trim();
    if (text === "" || text.startsWith("#")) continue;
    if (/^\$\s/.test(text) || text.startsWith("./")) return true;
    return COMMANDS.has(text.split(/\s/, 1)[0] ?? "");
  }
  return false;
}
