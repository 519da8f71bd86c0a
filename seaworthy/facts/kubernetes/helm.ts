import type { Documents } from "../document.ts";
import { itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import { at, baseName, folderOf, type SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import type { HelmChartDocument, HelmTemplateDocument, KubeObject } from "./kubernetes.ts";
import { objectsIn } from "./manifest.ts";

/** Around what only Helm could tell; a rule does not compare a text that holds it. */
const UNKNOWN = { open: "‹", close: "›" } as const;
/** Longer templates are not deployment files. */
const LINES_MAX = 20_000;
/** Longer lines hold data, not structure. */
const COLUMNS_MAX = 4000;

/** A chart's own description or one of its templates. */
export function readHelm(file: SourceFile): HelmChartDocument | HelmTemplateDocument | undefined {
  if (baseName(file.path) === "Chart.yaml" || baseName(file.path) === "Chart.yml") {
    return readChart(file);
  }
  if (!isTemplate(file)) return undefined;
  return { kind: "helm-template", file, problems: [] };
}

function readChart(file: SourceFile): HelmChartDocument | undefined {
  const [root] = structured(file).documents;
  const name = textAt(root, "name");
  if (root === undefined || name === undefined || textAt(root, "version") === undefined) {
    return undefined;
  }
  const dependencies = itemsAt(root, "dependencies").flatMap((dependency) => {
    const of = textAt(dependency, "name");
    return of === undefined ? [] : [{ name: of, at: at(file, dependency.line) }];
  });
  return { kind: "helm-chart", file, name, dependencies, problems: [] };
}

/** Helm's own words in what is a manifest otherwise. */
function isTemplate({ path, text }: SourceFile): boolean {
  return (
    /\.(?:ya?ml|tpl)$/.test(path) &&
    /^apiVersion:/m.test(text) &&
    /\{\{-?\s{0,9}(?:\.Values|\.Release|\.Chart|include|template|if|range|with|toYaml)\b/.test(text)
  );
}

/** True for a text with a part that only Helm could fill in. */
export function isUnknown(text: string): boolean {
  return text.includes(UNKNOWN.open);
}

/**
 * The objects of a template as its chart's `values.yaml` makes them, as far as plain look-ups go.
 * Both arms of a condition are read; a line that is nothing but an action is dropped.
 */
export function templateObjects(
  documents: Documents,
  { file }: HelmTemplateDocument,
): readonly KubeObject[] {
  const chart = chartOf(documents, file.path);
  const read = chart === undefined ? undefined : known.get(file);
  if (read !== undefined) return read;
  const made = readTemplate(documents, file, chart);
  if (chart !== undefined) known.set(file, made);
  return made;
}

/** Several units may hold one chart. */
const known = new WeakMap<SourceFile, readonly KubeObject[]>();

function readTemplate(
  documents: Documents,
  file: SourceFile,
  chart: HelmChartDocument | undefined,
): readonly KubeObject[] {
  const values = chart === undefined ? undefined : valuesOf(documents, folderOf(chart.file.path));
  const lines = file.text.split("\n");
  if (lines.length > LINES_MAX) return [];
  let inComment = false;
  const switched = new Switches(values);
  const plain = lines.map((line) => {
    if (line.length > COLUMNS_MAX || switched.isOff(line)) return "";
    const starts = /\{\{-?\s{0,9}\/\*/.test(line);
    const ends = line.includes("*/");
    const hidden = inComment || starts;
    inComment = hidden && !ends;
    return hidden ? "" : filledIn(line, { values, chart: chart?.name });
  });
  // Only `origin` would lose its lines; the text has as many lines as before.
  const filled: SourceFile = { ...file, text: plain.join("\n") };
  const { documents: roots } = structured(filled);
  return objectsIn(file, { documents: roots, template: true });
}

/** Blocks that a plain value of the chart switches off: `{{ if .Values.zipkin.enabled }}`. */
class Switches {
  readonly #values: Node | undefined;
  /** What each open block is: switched off, or not known to be. */
  readonly #open: boolean[] = [];

  constructor(values: Node | undefined) {
    this.#values = values;
  }

  /** Whether this line, read after all before it, stands in a block that is switched off. */
  isOff(line: string): boolean {
    const [, action = ""] = /^\s*\{\{-?\s{0,9}([^{}]*?)\s{0,9}-?\}\}\s*$/.exec(line) ?? [];
    const [word = ""] = action.split(/\s/, 1);
    if (/^(?:if|with|range|define|block)$/.test(word)) {
      this.#open.push(word === "if" && this.#isFalse(action.slice(2).trim()));
    } else if (word === "end") this.#open.pop();
    else if (word === "else" && this.#open.length > 0) {
      // The other half runs, and of `else if` nothing is known.
      this.#open[this.#open.length - 1] = false;
    }
    return this.#open.includes(true);
  }

  /** Only a value that the chart itself says, and that is false, empty or zero. */
  #isFalse(condition: string): boolean {
    const path = /^\.Values((?:\.\w{1,80}){1,20})$/.exec(condition)?.[1]?.slice(1).split(".");
    const found = path === undefined ? undefined : nodeAt(this.#values, ...path);
    if (found?.type !== "scalar") return false;
    return found.value === false || found.value === null || found.value === 0 || found.text === "";
  }
}

/** The chart in whose folder this path stands, the innermost. */
function chartOf(documents: Documents, path: string): HelmChartDocument | undefined {
  const within = documents.of("helm-chart").filter(({ file }) => {
    const folder = folderOf(file.path);
    return folder === "" || path.startsWith(`${folder}/`);
  });
  return within.toSorted((one, two) => two.file.path.length - one.file.path.length)[0];
}

function valuesOf({ tree }: Documents, folder: string): Node | undefined {
  const path = folder === "" ? "values.yaml" : `${folder}/values.yaml`;
  const file = tree.files.find((candidate) => candidate.path === path);
  return file === undefined ? undefined : structured(file).documents[0];
}

interface Known {
  readonly values: Node | undefined;
  readonly chart: string | undefined;
}

function filledIn(line: string, known: Known): string {
  if (!line.includes("{{")) return line;
  // One action and nothing else: structure that is not there, or a block that is put in.
  if (/^\s*(?:- )?\{\{[^{}]*\}\}\s*$/.test(line)) return "";
  let rest = line;
  let out = "";
  for (let open = rest.indexOf("{{"); open >= 0; open = rest.indexOf("{{")) {
    const close = rest.indexOf("}}", open);
    if (close < 0) break;
    out += rest.slice(0, open) + valueOf(rest.slice(open + 2, close), known);
    rest = rest.slice(close + 2);
  }
  return out + rest;
}

/** `.Values.a.b`, piped through functions that do not change a plain text. */
function valueOf(action: string, { values, chart }: Known): string {
  const [head = "", ...pipes] = action.replace(/^-|-$/g, "").split("|");
  const expression = head.trim();
  const through = pipes.map((pipe) => pipe.trim());
  if (/^(?:if|else|end|range|with|define|block)\b/.test(expression) || expression === "") return "";
  if (/^\.Chart\.Name$/.test(expression) && chart !== undefined) return chart;
  const path = /^\.Values((?:\.\w{1,80}){1,20})$/.exec(expression)?.[1]?.slice(1).split(".");
  const found = path === undefined ? undefined : nodeAt(values, ...path);
  const keeps = through.every((pipe) => /^(?:quote|squote|toString|int|default\b.*)$/.test(pipe));
  if (found?.type === "scalar" && found.value !== null && keeps && !found.block) {
    return /^[\w./:@-]*$/.test(found.text) ? found.text : unknown(expression);
  }
  return unknown(expression);
}

/** The same expression gives the same text, so that names still join. */
function unknown(expression: string): string {
  return `${UNKNOWN.open}${expression.replace(/[^\w. -]/g, "").slice(0, 80)}${UNKNOWN.close}`;
}
