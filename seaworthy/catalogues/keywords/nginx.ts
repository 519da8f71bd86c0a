import { once } from "../once.ts";
import { matchesPattern } from "../pattern.ts";
import file from "./nginx.json" with { type: "json" };

const CONTEXTS = [
  "main",
  "events",
  "http",
  "server",
  "location",
  "upstream",
  "server-if",
  "location-if",
  "limit_except",
  "stream",
  "stream-server",
  "stream-upstream",
  "mail",
  "mail-server",
  "rtmp",
  "rtmp-server",
  "rtmp-application",
  "rtmp-recorder",
] as const;

/** `server-if`: an `if` within a server; `stream-server`: a server within `stream`. */
export type NginxContext = (typeof CONTEXTS)[number];

const ORIGINS = ["dynamic", "plus", "stock", "third-party", "with"] as const;

/**
 * Where a module comes from. `stock`: in every build; `with`: configured in by a `--with` flag, as
 * nginx.org's packages and most others do; `dynamic`: of nginx's makers, to be loaded; `plus`: in
 * the commercial edition only; `third-party`: somebody else's.
 */
export type NginxOrigin = (typeof ORIGINS)[number];

export interface NginxDirective {
  readonly name: string;
  readonly contexts: readonly NginxContext[];
  readonly module: string;
  readonly origin: NginxOrigin;
  /** Whether it takes a block. */
  readonly isBlock: boolean;
  /** The first version that has it, where that is younger than 1.0. */
  readonly since: string | undefined;
  /** Whether it takes so many arguments; undefined: not known. */
  takes(count: number): boolean | undefined;
}

const origins = once(
  () =>
    new Map(
      file.modules.map((row) => {
        const [module = "", origin = ""] = row.split(" ");
        return [module, ORIGINS.find((known) => known === origin)] as const;
      }),
    ),
);

const directives = once(() => {
  const byName = new Map<string, NginxDirective[]>();
  for (const row of file.directives) {
    const directive = directiveOf(row);
    const same = byName.get(directive.name);
    if (same === undefined) byName.set(directive.name, [directive]);
    else same.push(directive);
  }
  return byName;
});

/** All directives of the name, one a module; empty: unknown to every module in the catalogue. */
export function nginxDirectives(name: string): readonly NginxDirective[] {
  return directives().get(name) ?? [];
}

/** Every name, for a suggestion of the nearest one. */
export function nginxDirectiveNames(): Iterable<string> {
  return directives().keys();
}

export function nginxSources(): readonly string[] {
  return file.sources;
}

function directiveOf(row: string): NginxDirective {
  const [name = "", contexts = "", written = "", module = "", since] = row.split(" ");
  const isBlock = written.startsWith("block:");
  const counts = isBlock ? written.slice("block:".length) : written;
  const listed = contexts.split(",");
  return {
    name,
    contexts: CONTEXTS.filter((context) => listed.includes(context)),
    module,
    origin: origins().get(module) ?? "third-party",
    isBlock,
    since,
    takes: (count) => takes(counts, count),
  };
}

/** `flag` is one word, on or off; `1-3`, `2+`, `1/3` and `0` are numbers; `?` is not known. */
function takes(counts: string, count: number): boolean | undefined {
  if (counts === "?") return undefined;
  if (counts === "flag") return count === 1;
  if (counts.endsWith("+")) return count >= Number(counts.slice(0, -1));
  const [least, most] = counts.split("-");
  if (most !== undefined) return count >= Number(least) && count <= Number(most);
  return counts.split("/").some((one) => Number(one) === count);
}

/** Parameters of `gzip_proxied` and other closed lists, where a wrong one stops the start. */
const CLOSED_VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "gzip_proxied",
    [
      "off",
      "expired",
      "no-cache",
      "no-store",
      "private",
      "no_last_modified",
      "no_etag",
      "auth",
      "any",
    ],
  ],
  ["ssl_protocols", ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]],
  [
    "proxy_next_upstream",
    ["error", "timeout", "denied", "invalid_header", "http_*", "non_idempotent", "off"],
  ],
]);

/** Whether a directive with a closed list of values takes this one; undefined: no such list. */
export function nginxTakesValue(directive: string, value: string): boolean | undefined {
  return CLOSED_VALUES.get(directive)?.some((pattern) => matchesPattern(pattern, value));
}
