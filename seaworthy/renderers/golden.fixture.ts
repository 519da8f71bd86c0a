import { readdirSync, readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { expand } from "../plan/expand.ts";
import { parse } from "../system/parse.ts";
import type { EdgeParts, FrontPlace } from "./edge-parts.ts";
import { renderHaproxy } from "./haproxy/haproxy.ts";
import { renderNginx } from "./nginx/nginx.ts";

/** One scenario: a declaration, and excerpts of what each provider makes of it. */
export interface Golden {
  readonly file: string;
  readonly lines: number;
  readonly declaration: unknown;
  readonly excerpts: readonly Excerpt[];
}

export interface Excerpt {
  readonly provider: "haproxy" | "nginx";
  /** The line that the excerpt begins with, without its indentation; undefined: all of it. */
  readonly from: string | undefined;
  readonly expected: string;
}

const FOLDER = new URL("golden/", import.meta.url);
/** `=== haproxy: frontend public` */
const HEADING = /^=== (haproxy|nginx)(?:: (.+))?$/;

export function goldens(): readonly Golden[] {
  return readdirSync(FOLDER)
    .toSorted()
    .map((file) => {
      const text = readFileSync(new URL(file, FOLDER), "utf8");
      const lines = text.trimEnd().split("\n");
      const first = lines.findIndex((line) => HEADING.test(line));
      const declaration: unknown = parseYaml(lines.slice(0, first).join("\n"));
      return { file, lines: lines.length, declaration, excerpts: excerptsIn(lines.slice(first)) };
    });
}

function excerptsIn(lines: readonly string[]): readonly Excerpt[] {
  const excerpts: { provider: Excerpt["provider"]; from: string | undefined; own: string[] }[] = [];
  for (const line of lines) {
    const [, provider, from] = HEADING.exec(line) ?? [];
    if (provider === "haproxy" || provider === "nginx") excerpts.push({ provider, from, own: [] });
    else excerpts.at(-1)?.own.push(line);
  }
  return excerpts.map(({ provider, from, own }) => {
    return { provider, from, expected: own.join("\n").trimEnd() };
  });
}

export const PLACE: FrontPlace = {
  folder: "/state/run/edge",
  socket: "/run/edge.sock",
  user: undefined,
};

/** As many instances as are declared, all routed. */
export function partsOf(declaration: unknown): EdgeParts {
  const parsed = parse(declaration, { environment: undefined, platform: undefined });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const graph = expand(parsed.value);
  if (!graph.ok) throw new Error(JSON.stringify(graph.error));
  const services = graph.value.units.filter((unit) => unit.kind === "service");
  const ids = services.flatMap(({ name, replicas }) =>
    Array.from({ length: replicas }, (_, index) => ({ unit: name, id: `${name}-${index + 1}` })),
  );
  const { edge } = graph.value;
  return {
    edge,
    tls: edge?.tls && { certificate: "/system/edge.pem", key: "/system/edge.key" },
    innerRoutes: graph.value.innerRoutes,
    services,
    instances: ids.map((one, index) => {
      return { ...one, release: "r1", port: 20_101 + index, routed: true, weight: 1 };
    }),
    ports: { public: (edge?.listen ?? []).map((_, index) => 20_001 + index), inner: {} },
    generation: 7,
    accessLog: "/state/logs/edge.log",
  };
}

export function rendered(declaration: unknown, provider: Excerpt["provider"]): string {
  const render = provider === "haproxy" ? renderHaproxy : renderNginx;
  return render(partsOf(declaration), PLACE);
}

/** From a line to the end of what it begins: as long as lines are indented further, or braced. */
export function excerptOf(text: string, from: string | undefined): string {
  if (from === undefined) return text.trimEnd();
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.trim() === from);
  if (first === -1) return `there is no line ${from}`;
  const indent = indentOf(lines[first] ?? "");
  const rest = lines.slice(first + 1);
  const end = rest.findIndex((line) => line.trim() !== "" && indentOf(line) <= indent);
  const own = end === -1 ? rest : rest.slice(0, rest[end]?.trim() === "}" ? end + 1 : end);
  return [from, ...own.map((line) => line.slice(indent))].join("\n").trimEnd();
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
