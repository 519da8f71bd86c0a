import type { Fact } from "../fact.ts";
import { at, type Location } from "../source.ts";
import { walk } from "./nginx.ts";
import type { NginxDirective, NginxDocument } from "./proxies.ts";
import { hostAndPort, nginxBytes, nginxMs } from "./quantity.ts";

/** What nginx configurations say together: an upstream of one file may be used in another. */
export function nginxFacts(documents: readonly NginxDocument[]): readonly Fact[] {
  const upstreams = new Set(
    documents.flatMap(({ directives }) =>
      [...walk(directives)].flatMap(({ directive }) =>
        directive.name === "upstream" ? (directive.words[0] ?? []) : [],
      ),
    ),
  );
  return documents.flatMap((document) =>
    [...walk(document.directives)].flatMap(({ directive, within }) => {
      const place = at(document.file, directive.line);
      return factsOf({ directive, within, place, upstreams });
    }),
  );
}

interface Here {
  readonly directive: NginxDirective;
  readonly within: readonly NginxDirective[];
  readonly place: Location;
  readonly upstreams: ReadonlySet<string>;
}

function factsOf(here: Here): readonly Fact[] {
  switch (here.directive.name) {
    case "listen":
      return listener(here);
    case "server":
      return upstreamServer(here);
    case "proxy_pass":
    case "fastcgi_pass":
    case "uwsgi_pass":
    case "grpc_pass":
      return passed(here);
    case "location":
      return servedPath(here);
    case "client_max_body_size":
      return bodyLimit(here);
    case "limit_req_zone":
      return rateLimit(here);
    case "worker_connections":
      return connectionLimit(here);
    default:
      return timeLimit(here);
  }
}

function listener({ directive, within, place }: Here): readonly Fact[] {
  const [address = "", ...options] = directive.words;
  const bare = /^\d{1,5}$/.test(address);
  const { host, port } = bare ? { host: "", port: Number(address) } : hostAndPort(address);
  if (address.startsWith("unix:") || within.at(-1)?.name !== "server") return [];
  const names = within.at(-1)?.block?.find(({ name }) => name === "server_name")?.words ?? [];
  const tls = options.includes("ssl");
  const found = { kind: "listener", at: place, by: "nginx", port: port ?? 80, tls } as const;
  const named = { ...found, name: names[0] ?? "" };
  return host === "" || host === "*" ? [named] : [{ ...named, address: host }];
}

/** `server host:port` inside an `upstream`. */
function upstreamServer({ directive, within, place }: Here): readonly Fact[] {
  const [address] = directive.words;
  if (within.at(-1)?.name !== "upstream" || directive.block !== undefined) return [];
  if (address === undefined || address.startsWith("unix:") || address.includes("$")) return [];
  const to = hostAndPort(address);
  return [{ kind: "call", at: place, via: "upstream", port: 80, ...to, scope: "network" }];
}

/** `proxy_pass http://host:port/path`, unless the host is an upstream or a variable. */
function passed({ directive, place, upstreams }: Here): readonly Fact[] {
  const [url = ""] = directive.words;
  if (url.startsWith("unix:")) return [];
  const [, scheme, address = "", path] = /^(?:([a-z]+):\/\/)?([^/$]*)(\/[^$]*)?/.exec(url) ?? [];
  if (address === "" || upstreams.has(address) || url.slice(0, address.length + 9).includes("$")) {
    return [];
  }
  const port = scheme === "https" || scheme === "grpcs" ? 443 : 80;
  const call = { kind: "call", at: place, via: "upstream", scope: "network" } as const;
  return [
    {
      ...call,
      port,
      ...hostAndPort(address),
      ...(scheme === undefined ? {} : { scheme }),
      ...(path === undefined ? {} : { path }),
    },
  ];
}

function servedPath({ directive, place }: Here): readonly Fact[] {
  const { words, block = [] } = directive;
  const modifier = words.length > 1 ? words[0] : undefined;
  const path = words.at(-1) ?? "";
  // A pattern is no path that could be compared.
  if (modifier === "~" || modifier === "~*" || !path.startsWith("/")) return [];
  const served = { kind: "served-path", at: place, by: "nginx", path, asks: [] } as const;
  const whole = { ...served, prefix: modifier !== "=" };
  const [status] = block.find(({ name }) => name === "return")?.words ?? [];
  const passes = block.some(({ name }) => /_pass$|^try_files$|^root$|^alias$/.test(name));
  if (status === undefined || passes || !/^\d{3}$/.test(status)) return [whole];
  return [{ ...whole, constantStatus: Number(status) }];
}

function bodyLimit({ directive, place }: Here): readonly Fact[] {
  const bytes = nginxBytes(directive.words[0] ?? "");
  return bytes === undefined ? [] : [{ kind: "body-limit", at: place, hop: "nginx", bytes }];
}

/** `limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s` */
function rateLimit({ directive, place }: Here): readonly Fact[] {
  const [key = ""] = directive.words;
  const rate = directive.words.find((word) => word.startsWith("rate="));
  const [, requests, unit] = /^rate=(\d{1,9})r\/([sm])$/.exec(rate ?? "") ?? [];
  if (requests === undefined) return [];
  const windowMs = unit === "s" ? 1000 : 60_000;
  const perClient = /remote_addr|realip|x_forwarded_for/.test(key);
  const found = { kind: "rate-limit", at: place, hop: "nginx" } as const;
  return [{ ...found, requests: Number(requests), windowMs, perClient }];
}

function connectionLimit({ directive, place }: Here): readonly Fact[] {
  const [count = ""] = directive.words;
  if (!/^\d{1,9}$/.test(count)) return [];
  const found = { kind: "connection-limit", at: place, hop: "nginx", side: "server" } as const;
  return [{ ...found, connections: Number(count) }];
}

const PATIENCE: ReadonlyMap<string, "client" | "connect" | "read" | "send"> = new Map([
  ["proxy_read_timeout", "read"],
  ["proxy_send_timeout", "send"],
  ["proxy_connect_timeout", "connect"],
  ["client_body_timeout", "client"],
  ["send_timeout", "client"],
]);

function timeLimit({ directive, place }: Here): readonly Fact[] {
  const of = PATIENCE.get(directive.name);
  const ms = nginxMs(directive.words[0] ?? "");
  return of === undefined || ms === undefined
    ? []
    : [{ kind: "time-limit", at: place, hop: "nginx", of, ms }];
}
