import { at, baseName, type Location, type SourceFile } from "../source.ts";
import type { DocumentBase } from "../document.ts";

/** `NAME=value` lines. */
export interface EnvironmentDocument extends DocumentBase {
  readonly kind: "environment";
  readonly variables: readonly EnvironmentLine[];
  /** `.env.example` and the like: to be copied, read by nothing as it is. */
  readonly isTemplate: boolean;
}

export interface EnvironmentLine {
  readonly at: Location;
  readonly name: string;
  /** As Compose reads it: quotes and ` # comments` removed. */
  readonly value: string;
  /** All that stands behind the `=`, as `docker run --env-file` and kubectl read it. */
  readonly raw: string;
  readonly quote: "'" | '"' | undefined;
  readonly exported: boolean;
}

/** A file of more lines is data, not configuration. */
const LINES_MAX = 5_000;
const LINE_CHARACTERS_MAX = 20_000;

const NAME = /^(?:\.env(?:\..+|-.+|_.+)?|.+\.env(?:\..+)?|env\.[\w.-]+)$/i;
const TEMPLATE = /example|sample|template|\.dist$|\.tpl$|\.tmpl$/i;

/** A file of variables; by its name, because shell scripts and properties look the same inside. */
export function readEnvironment(file: SourceFile): EnvironmentDocument | undefined {
  const name = baseName(file.path);
  if (!NAME.test(name) || /\.(?:[cm]?[jt]sx?|ya?ml|json|py|php|rb|go|sh|md)$/i.test(name)) {
    return undefined;
  }
  if (file.text.startsWith("#!")) return undefined;
  const lines = file.text.split("\n", LINES_MAX);
  const variables = lines.flatMap((line, index) => lineOf(line, at(file, index + 1)) ?? []);
  const others = lines.filter((line) => /^\s*[^#\s]/.test(line)).length - variables.length;
  // Values in quotes may go over several lines, so a few others are no objection.
  if (others > variables.length) return undefined;
  return {
    kind: "environment",
    file,
    problems: [],
    variables,
    isTemplate: TEMPLATE.test(name),
  };
}

function lineOf(line: string, at: Location): EnvironmentLine | undefined {
  if (line.length > LINE_CHARACTERS_MAX) return undefined;
  const match = /^\s*(export\s+)?([A-Za-z_][\w.-]*)\s?=(.*)$/.exec(line.replace(/\r$/, ""));
  if (match === null) return undefined;
  const [, exported, name = "", raw = ""] = match;
  const trimmed = raw.trim();
  const quote = trimmed.startsWith("'") ? "'" : trimmed.startsWith('"') ? '"' : undefined;
  const value = valueOf(trimmed, quote);
  return { at, name, value, raw, quote, exported: exported !== undefined };
}

function valueOf(text: string, quote: string | undefined): string {
  if (quote !== undefined) {
    const end = text.indexOf(quote, 1);
    return end < 0 ? text.slice(1) : text.slice(1, end);
  }
  const comment = text.startsWith("#") ? 0 : text.search(/\s#/);
  return comment < 0 ? text : text.slice(0, comment).trimEnd();
}
