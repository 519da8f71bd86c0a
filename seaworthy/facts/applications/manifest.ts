import { entriesAt, textAt } from "../node.ts";
import { baseName, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import type { ApplicationManifestDocument, Dependency } from "./applications.ts";

type Format = ApplicationManifestDocument["format"];

const PIP = new RegExp(
  String.raw`^\s*([A-Za-z][\w.-]{0,100})(?:\[[\w,-]{0,100}\])?` +
    String.raw`\s*((?:[=<>~!]=?|===)\s*[^;#\s]{1,60})?`,
);
const PYPROJECT = new RegExp(
  String.raw`^\s*(?:"([A-Za-z][\w.-]{0,100})[^"]{0,100}",?` +
    String.raw`|([A-Za-z][\w.-]{0,100})\s*=\s*"([^"]{1,60})")\s*$`,
);

/** Reads what an application is built from, as far as rules need it: names and versions. */
export function readManifest(file: SourceFile): ApplicationManifestDocument | undefined {
  if (file.text.length > 1_000_000) return undefined;
  const name = baseName(file.path);
  if (name === "package.json") return fromNpm(file);
  if (name === "pom.xml") return made(file, "maven", fromMaven(file.text));
  if (/^build\.gradle(\.kts)?$/.test(name)) return made(file, "gradle", fromGradle(file.text));
  if (/^requirements[\w.-]*\.txt$/.test(name)) return made(file, "python", fromPip(file.text));
  if (name === "pyproject.toml") return made(file, "python", fromPyproject(file.text));
  if (name === "go.mod") return made(file, "go", fromGo(file.text));
  return undefined;
}

function made(
  file: SourceFile,
  format: Format,
  dependencies: ReadonlyMap<string, Dependency>,
): ApplicationManifestDocument {
  const scripts = new Map<string, number>();
  return { kind: "application-manifest", file, format, dependencies, scripts, problems: [] };
}

function fromNpm(file: SourceFile): ApplicationManifestDocument | undefined {
  const [root] = structured(file).documents;
  if (root?.type !== "map") return undefined;
  const dependencies = new Map<string, Dependency>();
  for (const key of ["dependencies", "devDependencies"]) {
    for (const [name, { line, node }] of entriesAt(root, key)) {
      const version = textAt(node) ?? "";
      dependencies.set(name, { version, line, development: key === "devDependencies" });
    }
  }
  const scripts = new Map(entriesAt(root, "scripts").map(([name, { line }]) => [name, line]));
  return {
    kind: "application-manifest",
    file,
    format: "npm",
    dependencies,
    scripts,
    problems: [],
  };
}

/** `artifactId` and the `version` that follows it before the element ends. */
function fromMaven(text: string): ReadonlyMap<string, Dependency> {
  const found = new Map<string, Dependency>();
  let open: { readonly name: string; readonly line: number } | undefined;
  text.split("\n").forEach((line, index) => {
    const name = /<artifactId>\s*([\w.-]{1,200})\s*</.exec(line)?.[1];
    if (name !== undefined) {
      open = { name, line: index + 1 };
      found.set(name, { version: "", line: index + 1, development: false });
    }
    const version = /<version>\s*([^<\s]{1,100})\s*</.exec(line)?.[1];
    if (version !== undefined && open !== undefined) {
      found.set(open.name, { version, line: open.line, development: false });
    }
    if (/<\/(dependency|parent|plugin)>/.test(line)) open = undefined;
  });
  return found;
}

function fromGradle(text: string): ReadonlyMap<string, Dependency> {
  const found = new Map<string, Dependency>();
  text.split("\n").forEach((line, index) => {
    const [, group, name, version = ""] =
      /["']([\w.-]{1,100}):([\w.-]{1,100})(?::([^"':]{1,60}))?["']/.exec(line) ?? [];
    const plugin = /id\s*\(?["']([\w.-]{1,100})["']\)?\s+version\s+["']([^"']{1,60})/.exec(line);
    const key = name ?? plugin?.[1];
    if (key === undefined) return;
    const development = /test/i.test(line.split(group ?? "", 1)[0] ?? "");
    const said = plugin?.[2] ?? version;
    found.set(key, { version: said, line: index + 1, development });
  });
  return found;
}

function fromPip(text: string): ReadonlyMap<string, Dependency> {
  const found = new Map<string, Dependency>();
  text.split("\n").forEach((line, index) => {
    const [, name, version = ""] = PIP.exec(line) ?? [];
    if (name === undefined) return;
    found.set(name.toLowerCase(), { version, line: index + 1, development: false });
  });
  return found;
}

function fromPyproject(text: string): ReadonlyMap<string, Dependency> {
  const found = new Map<string, Dependency>();
  text.split("\n").forEach((line, index) => {
    const [, listed, table, version = ""] = PYPROJECT.exec(line) ?? [];
    const name = listed ?? table;
    if (name === undefined) return;
    found.set(name.toLowerCase(), { version, line: index + 1, development: false });
  });
  return found;
}

function fromGo(text: string): ReadonlyMap<string, Dependency> {
  const found = new Map<string, Dependency>();
  text.split("\n").forEach((line, index) => {
    const [, name, version] =
      /^\s*(?:require\s+)?([\w./-]{3,200})\s+(v[\w.+-]{1,60})/.exec(line) ?? [];
    if (name === undefined || version === undefined) return;
    found.set(name, { version, line: index + 1, development: false });
  });
  return found;
}
