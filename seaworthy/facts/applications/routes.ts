import type { Fact, ServedPath } from "../fact.ts";
import { at } from "../source.ts";
import type { ApplicationSourceDocument } from "./applications.ts";
import { handlerAsks, onlyAnswer } from "./handler.ts";
import type { Code } from "./source-facts.ts";

/** How frameworks declare a route: the first group is the path. */
const ROUTES: Readonly<
  Record<ApplicationSourceDocument["language"], readonly { framework: string; pattern: RegExp }[]>
> = {
  python: [
    { framework: "flask", pattern: /@\w+\.route\(\s*["']([^"']{1,200})["']/ },
    {
      framework: "fastapi",
      pattern: /@\w+\.(?:get|post|head|api_route)\(\s*["']([^"']{1,200})["']/,
    },
    { framework: "django", pattern: /\bpath\(\s*["']([^"']{1,200})["']\s*,/ },
  ],
  javascript: [
    {
      framework: "express",
      pattern: new RegExp(
        String.raw`\b(?:app|router|server|fastify|api)\.(?:get|post|all|use|head)` +
          "\\(\\s*[\"'`](/[^\"'`]{0,200})[\"'`]",
      ),
    },
  ],
  java: [
    {
      framework: "spring",
      pattern: /@(?:Get|Post|Request)Mapping\(\s*(?:(?:value|path)\s*=\s*)?\{?\s*"([^"]{0,200})"/,
    },
  ],
  go: [
    {
      framework: "go",
      pattern: /\.(?:HandleFunc|Handle|GET|POST|Get|Post)\(\s*["`](?:[A-Z]+ )?(\/[^"`]{0,200})["`]/,
    },
  ],
  ruby: [{ framework: "rails", pattern: /^\s*get\s+["'](\/?[^"']{1,200})["']/ }],
  php: [{ framework: "laravel", pattern: /Route::(?:get|post|any)\(\s*["']([^"']{1,200})["']/ }],
};

const HEALTH = /health|ready|readiness|live|ping|status|heartbeat/i;

/** Paths that source code serves, and what their handlers ask before they answer. */
export function routes(code: Code): readonly Fact[] {
  const { document, lines } = code;
  const prefix = classPrefix(code);
  const routers = routerPrefixes(code);
  const found: Fact[] = [...fileRoute(code)];
  lines.forEach((line, index) => {
    for (const { framework, pattern } of ROUTES[document.language]) {
      const written = pattern.exec(line)?.[1];
      if (written === undefined || isClassMapping(lines, index)) continue;
      const router = /@(\w+)\./.exec(line)?.[1] ?? "";
      const before = `${prefix}${routers.get(router) ?? ""}`;
      const path = `${before}${written.startsWith("/") || written === "" ? "" : "/"}${written}`;
      found.push(served({ code, index, path: path === "" ? "/" : path, framework }));
      break;
    }
  });
  return found;
}

function served(route: {
  readonly code: Code;
  readonly index: number;
  readonly path: string;
  readonly framework: string;
}): ServedPath {
  const { code, index, path, framework } = route;
  // Only handlers that somebody may probe are read: reading all of them takes its time.
  const probed = HEALTH.test(path);
  const only = probed ? onlyAnswer(code, index) : undefined;
  const found = {
    kind: "served-path",
    at: at(code.document.file, index + 1),
    by: "application",
    framework,
    path,
    prefix: false,
    asks: probed ? handlerAsks(code, index) : [],
  } as const;
  if (only === undefined) return found;
  const causes = only.undefinedNames.map(({ name, index: line }) => ({
    value: name,
    at: at(code.document.file, line + 1),
  }));
  return { ...found, constantStatus: only.status, undefinedNames: causes };
}

/** `@RequestMapping` above a class is a prefix, no route. */
function isClassMapping(lines: readonly string[], index: number): boolean {
  if (!(lines[index] ?? "").includes("@RequestMapping")) return false;
  const next = lines.slice(index + 1, index + 6).find((line) => !/^\s*(@|$|\/\/|\*)/.test(line));
  return next !== undefined && /\b(class|interface)\b/.test(next);
}

/** `router = APIRouter(prefix="/api")`, `shop = Blueprint("shop", url_prefix="/shop")`. */
function routerPrefixes({ document, lines }: Code): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (document.language !== "python") return found;
  for (const line of lines) {
    const [, name, prefix] =
      /^\s*(\w+)\s*=\s*(?:APIRouter|Blueprint)\(.{0,200}?prefix\s*=\s*["']([^"']{1,200})/.exec(
        line,
      ) ?? [];
    if (name !== undefined && prefix !== undefined) found.set(name, prefix.replace(/\/$/, ""));
  }
  return found;
}

function classPrefix({ document, lines }: Code): string {
  if (document.language !== "java") return "";
  const index = lines.findIndex((_, at_) => isClassMapping(lines, at_));
  const written = /"([^"]{1,200})"/.exec(lines[index] ?? "")?.[1] ?? "";
  return written === "" || written.startsWith("/") ? written.replace(/\/$/, "") : `/${written}`;
}

/** Next.js: `app/api/health/route.ts` and `pages/api/health.ts` serve `/api/health`. */
function fileRoute(code: Code): readonly Fact[] {
  const { path } = code.document.file;
  const [, app] = /(?:^|\/)app((?:\/[\w[\]().-]+)+)\/route\.[jt]sx?$/.exec(path) ?? [];
  const [, pages] = /(?:^|\/)pages(\/api(?:\/[\w[\].-]+)+)\.[jt]sx?$/.exec(path) ?? [];
  const route = (app ?? pages)?.replace(/\/\([^)]*\)/g, "").replace(/\/index$/, "");
  if (route === undefined || route.includes("[")) return [];
  const index = code.lines.findIndex((line) =>
    /export\s+(default\s+)?(async\s+)?function/.test(line),
  );
  return [served({ code, index: Math.max(0, index), path: route, framework: "next" })];
}
