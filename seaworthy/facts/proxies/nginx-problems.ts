import {
  type NginxContext,
  nginxDirectiveNames,
  nginxDirectives,
  nginxTakesValue,
  type NginxDirective as Known,
} from "../../catalogues/keywords/nginx.ts";
import type { Problem } from "../document.ts";
import { at, type SourceFile } from "../source.ts";
import { nearest } from "../../system/nearest.ts";
import { cipherProblem } from "./cipher-problems.ts";
import type { NginxDirective } from "./proxies.ts";

/** What stands in these blocks is data: names of types, patterns, addresses, code. */
const DATA = /^(types|map|geo|split_clients|charset_map|match|.*_by_lua_block|otel_exporter)$/;
/** Names as nginx spells them; anything else belongs to a template. */
const NAME = /^[a-z][a-z0-9_]*$/;

/** What `nginx -t` says of directives, without running it. */
export function nginxProblems(
  file: SourceFile,
  directives: readonly NginxDirective[],
): readonly Problem[] {
  // A template is no configuration yet.
  if (/\{\{|<%|\{%/.test(file.text)) return [];
  const context = topContext(directives);
  return inBlock({ file, directives, context });
}

interface Block {
  readonly file: SourceFile;
  readonly directives: readonly NginxDirective[];
  /** Undefined: it cannot be told from where this file is included. */
  readonly context: NginxContext | undefined;
}

/** Where a file that is not the whole configuration must be included. */
function topContext(directives: readonly NginxDirective[]): NginxContext | undefined {
  const names = new Set(directives.map(({ name }) => name));
  if (names.has("events") || names.has("http")) return "main";
  if (names.has("server") || names.has("upstream")) return "http";
  return names.has("location") ? "server" : undefined;
}

function inBlock({ file, directives, context }: Block): readonly Problem[] {
  return directives.flatMap((directive) => [
    ...problemsOf(file, directive, context),
    ...deeper(file, directive, context),
  ]);
}

function deeper(
  file: SourceFile,
  { name, block }: NginxDirective,
  context: NginxContext | undefined,
): readonly Problem[] {
  if (block === undefined || DATA.test(name)) return [];
  return inBlock({ file, directives: block, context: contextOf(name, context) });
}

function contextOf(name: string, outer: NginxContext | undefined): NginxContext | undefined {
  switch (name) {
    case "http":
    case "events":
    case "stream":
    case "mail":
    case "limit_except":
    case "location":
      return name;
    case "server":
      return outer === "stream" ? "stream-server" : outer === "mail" ? "mail-server" : "server";
    case "upstream":
      return outer === "stream" ? "stream-upstream" : "upstream";
    case "if":
      if (outer === "server") return "server-if";
      return outer === "location" ? "location-if" : undefined;
    default:
      return undefined;
  }
}

function problemsOf(
  file: SourceFile,
  { name, words, line, block }: NginxDirective,
  context: NginxContext | undefined,
): readonly Problem[] {
  const place = at(file, line);
  // `include` is read by the parser itself and stands in no module's table (ngx_conf_file.c).
  if (!NAME.test(name) || name === "include") return [];
  const known = nginxDirectives(name);
  if (known.length === 0) return [unknown(place, name)];
  const foreign = known.every(({ origin }) => origin === "plus" || origin === "third-party");
  if (foreign) return [needsModule(place, name, known)];
  if (context !== undefined && !known.some(({ contexts }) => contexts.includes(context))) {
    return [misplaced({ place, name, known, context })];
  }
  const variable = words.some((word) => word.includes("${"));
  if (
    !variable &&
    block === undefined &&
    known.every(({ takes }) => takes(words.length) === false)
  ) {
    return [wrongCount(place, name, words.length)];
  }
  const wrong = words.find((word) => nginxTakesValue(name, word) === false && !word.includes("$"));
  if (wrong !== undefined) {
    return [{ at: place, message: `${name} takes no "${wrong}"`, fix: `remove "${wrong}"` }];
  }
  return /^(ssl|proxy_ssl)_ciphers$/.test(name) ? cipherProblem(place, words[0] ?? "") : [];
}

function unknown(place: Problem["at"], name: string): Problem {
  const near = nearest(name, nginxDirectiveNames());
  return {
    at: place,
    message: `nginx knows no directive "${name}"`,
    fix: near === undefined ? "delete the line" : `write "${near}", or delete the line`,
    // It may be of a module that nobody has listed.
    ...(near === undefined
      ? { harmless: true, why: "nginx does not start, unless a module of your own has it" }
      : {}),
  };
}

function needsModule(place: Problem["at"], name: string, known: readonly Known[]): Problem {
  const modules = [...new Set(known.map(({ module }) => module))].join(" or ");
  const commercial = known.every(({ origin }) => origin === "plus");
  return {
    at: place,
    message: commercial
      ? `"${name}" exists in the commercial edition of nginx alone`
      : `"${name}" needs a module that nginx does not come with (${modules})`,
    fix: "delete the line, or build and load the module",
    why: "a stock nginx does not start: unknown directive; where the module is loaded, all is well",
    harmless: true,
  };
}

function misplaced(what: {
  readonly place: Problem["at"];
  readonly name: string;
  readonly known: readonly Known[];
  readonly context: NginxContext;
}): Problem {
  const { place, name, known, context } = what;
  const allowed = [...new Set(known.flatMap(({ contexts }) => contexts))].join(", ");
  return {
    at: place,
    message: `"${name}" is not allowed in ${context}`,
    fix: `move it to ${allowed}`,
  };
}

function wrongCount(place: Problem["at"], name: string, count: number): Problem {
  return {
    at: place,
    message: `"${name}" does not take ${count} arguments`,
    fix: `see the directive ${name} in nginx's reference`,
  };
}
