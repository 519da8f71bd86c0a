import type { Component, MountFact } from "../../../facts/fact.ts";
import { baseName, folderOf, joinPath } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isForProduction, listed, pathOf, placesOf } from "./intent.ts";

export const bindSourceMissing: FileRule = {
  name: "bind-source-missing",
  summary: "a file is mounted into a container that is nowhere in the tree",
  check: (unit) => {
    const missing = unit.facts
      .of("component")
      .filter(({ platform }) => platform === "compose")
      .flatMap((component) =>
        component.mounts
          .filter((mount) => isFileMount(mount) && isMissing(unit, mount))
          .map((mount) => ({ component, mount })),
      );
    return byFile(missing, ({ mount }) => mount.at).flatMap((group) => found(unit, group));
  },
};

interface Missing {
  readonly component: Component;
  readonly mount: MountFact;
}

function found(unit: Unit, group: readonly Missing[]): readonly Found[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const sources = group.map(({ mount }) => mount.source ?? "");
  const services = group.map(({ component }) => component.name);
  return [
    {
      severity: severityIn(unit, first),
      message: `${listed(services)} mount what is not there: ${listed(sources)}`,
      places: placesOf(
        first.mount.at,
        rest.map(({ mount }) => mount.at),
      ),
      why:
        "on a fresh host the engine makes an empty folder of that name: the program finds that " +
        "where its configuration should be and ends, or runs without its settings",
      fix: `commit ${listed(sources, 3)}, or correct the path to where the file really is`,
      cause: `missing-file ${sources[0] ?? ""}`,
    },
  ];
}

function severityIn(unit: Unit, { mount }: Missing): Found["severity"] {
  if (!isForProduction(unit, mount.at)) return "note";
  // A guide may well leave out a file that its reader is expected to have.
  return unit.documents.tree.guide === undefined ? "error" : "warning";
}

/** A relative path that ends like a file, on both sides: folders are made on purpose. */
function isFileMount({ type, source, target }: MountFact): boolean {
  if (type !== "bind" || source === undefined || source.includes("$")) return false;
  if (/^[/~\\]|^[A-Za-z]:/.test(source) || /[*?]/.test(source)) return false;
  const name = baseName(source);
  return FILE.test(name) && !FOLDER.test(name) && (FILE.test(target) || baseName(target) === name);
}

const FILE = /[^/]\.[A-Za-z][A-Za-z0-9]{0,9}$/;
const FOLDER = /\.(?:d|git|ssh|aws|kube|cache|local|config|npm|m2|vscode|next|sock|socket|pid)$/i;

/** Made by whoever runs it, by a build or by the program: their absence from a tree is right. */
const MADE = new RegExp(
  "\\.(?:pem|key|crt|cer|csr|p12|pfx|jks|keystore|truststore|env|log|jar|war|db|sqlite3?|rdb)$|" +
    "\\.env\\.|secret|credential|passw|htpasswd|acme\\.json|account.*\\.json|id_rsa|" +
    "\\.generated\\.|kubeconfig|token|licen[cs]e",
  "i",
);
const MADE_FOLDER = new RegExp(
  "(?:^|/)(?:dist|build|target|out|node_modules|vendor|data|tmp|logs?|backups?|certs?|ssl|" +
    "secrets?|generated)/",
  "i",
);

function isMissing(unit: Unit, { at, source = "" }: MountFact): boolean {
  const { tree } = unit.documents;
  const name = baseName(source);
  if (MADE.test(name) || MADE_FOLDER.test(source)) return false;
  const paths = candidates(unit, pathOf(at), source);
  if (paths.length === 0 || paths.some((path) => tree.has(path) || tree.isIgnored(path)))
    return false;
  if (paths.some((path) => hasTemplate(unit, path))) return false;
  if (tree.guide !== undefined && tree.files.some(({ path }) => baseName(path) === name))
    return false;
  return !isWrittenSomewhere(unit, name);
}

/** Compose looks from the folder of the first file that it is given, which may be another's. */
function candidates(unit: Unit, file: string, source: string): readonly string[] {
  const folders = new Set(["", folderOf(file)]);
  for (const { file: other } of unit.documents.of("compose")) folders.add(folderOf(other.path));
  const own = joinPath(folderOf(file), source);
  // A path out of the tree cannot be judged.
  if (own === undefined) return [];
  return [...folders].flatMap((folder) => joinPath(folder, source) ?? []);
}

function hasTemplate(unit: Unit, path: string): boolean {
  const [stem = "", extension = ""] = path.split(/\.(?=[^./]+$)/);
  const endings = ["example", "sample", "template", "tmpl", "tpl", "dist", "j2", "in"];
  return endings.some(
    (ending) =>
      unit.documents.tree.has(`${path}.${ending}`) ||
      unit.documents.tree.has(`${stem}.${ending}.${extension}`),
  );
}

/** A script, a pipeline or an instruction to copy names the file: it is made there. */
function isWrittenSomewhere(unit: Unit, name: string): boolean {
  const { tree } = unit.documents;
  const composed = new Set(unit.repository.documents.of("compose").map(({ file }) => file));
  return tree.files.some((file) => {
    if (composed.has(file) || file.path === tree.guide || !file.text.includes(name)) return false;
    if (/\.(?:md|txt|rst|adoc)$/i.test(file.path)) return isMadeIn(file.text, name);
    return WRITER.test(file.path) || file.text.startsWith("#!");
  });
}

const WRITER = new RegExp(
  "\\.(?:sh|bash|zsh|ps1|py|mk|js|ts|mjs|rb|toml|yml|yaml|tf)$|" +
    "(?:^|/)(?:Makefile|justfile|Taskfile.*|Jenkinsfile|.*Dockerfile.*)$",
  "i",
);
const MAKING = /\b(?:cp|mv|touch|tee|cat|curl|wget|create|generate|nano|vim?|edit|rename|copy)\b/i;

function isMadeIn(prose: string, name: string): boolean {
  return prose
    .slice(0, 500_000)
    .split("\n")
    .some((line) => line.length < 2_000 && line.includes(name) && MAKING.test(line));
}
