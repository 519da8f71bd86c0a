import type { Fact } from "../fact.ts";
import { at } from "../source.ts";
import type { HaproxyDocument, HaproxyLine, HaproxySection } from "./proxies.ts";
import { haproxyMs, hostAndPort } from "./quantity.ts";

/** What an HAProxy configuration says: who is listened to, who is asked, how long it waits. */
export function haproxyFacts(document: HaproxyDocument): readonly Fact[] {
  return document.sections.flatMap((section) =>
    section.lines.flatMap((line) => [
      ...listeners(document, section, line),
      ...calls(document, section, line),
      ...limits(document, section, line),
      ...answers(document, line),
    ]),
  );
}

function listeners(
  { file }: HaproxyDocument,
  section: HaproxySection,
  { line, words }: HaproxyLine,
): readonly Fact[] {
  if (words[0] !== "bind" || (section.type !== "frontend" && section.type !== "listen")) return [];
  const tls = words.includes("ssl");
  return (words[1] ?? "").split(",").flatMap((address): readonly Fact[] => {
    const { host, port } = hostAndPort(address);
    if (port === undefined) return [];
    const place = { kind: "listener", at: at(file, line), by: "haproxy" } as const;
    const listener = { ...place, name: section.name, port, tls };
    return host === "" || host === "*" ? [listener] : [{ ...listener, address: host }];
  });
}

/** A `server` line asks its host; with `option httpchk` it is also asked for a path. */
function calls(
  { file }: HaproxyDocument,
  section: HaproxySection,
  { line, words }: HaproxyLine,
): readonly Fact[] {
  const [keyword, , address] = words;
  if (keyword !== "server" || address === undefined || section.type === "peers") return [];
  // A variable or a socket is no name that could be looked up.
  if (/[$%/@]/.test(address)) return [];
  const call = {
    kind: "call",
    at: at(file, line),
    ...hostAndPort(address),
    scope: "network",
  } as const;
  const checked = words.includes("check") ? checkOf(section) : undefined;
  if (checked === undefined) return [{ ...call, via: "upstream" }];
  return [
    { ...call, via: "upstream" },
    { ...call, via: "probe", at: at(file, checked.line), path: checked.path },
  ];
}

/** The path of `option httpchk [method] uri` or of `http-check send … uri …`. */
function checkOf(
  section: HaproxySection,
): { readonly line: number; readonly path: string } | undefined {
  for (const { line, words } of section.lines) {
    const [first, second, ...rest] = words;
    if (first === "option" && second === "httpchk") {
      const path = rest.find((word) => word.startsWith("/"));
      if (path !== undefined) return { line, path };
    }
    if (first === "http-check" && second === "send") {
      const path = rest[rest.indexOf("uri") + 1];
      if (rest.includes("uri") && path !== undefined) return { line, path };
    }
  }
  return undefined;
}

const PATIENCE: ReadonlyMap<string, "client" | "read" | "connect" | "request"> = new Map([
  ["client", "client"],
  ["server", "read"],
  ["connect", "connect"],
  ["http-request", "request"],
]);

function limits(
  { file }: HaproxyDocument,
  section: HaproxySection,
  { line, words }: HaproxyLine,
): readonly Fact[] {
  const [first, second = "", third = ""] = words;
  const place = { at: at(file, line), hop: "haproxy" } as const;
  if (first === "timeout") {
    const of = PATIENCE.get(second);
    const ms = haproxyMs(third);
    return of === undefined || ms === undefined ? [] : [{ kind: "time-limit", ...place, of, ms }];
  }
  if (first === "maxconn" && section.type !== "backend" && /^\d{1,9}$/.test(second)) {
    return [{ kind: "connection-limit", ...place, side: "server", connections: Number(second) }];
  }
  return [];
}

/** Paths that HAProxy answers itself, whatever the servers do. */
function answers({ file }: HaproxyDocument, { line, words }: HaproxyLine): readonly Fact[] {
  const [first, second] = words;
  const served = {
    kind: "served-path",
    at: at(file, line),
    by: "haproxy",
    prefix: false,
    asks: [],
  } as const;
  if (first === "monitor-uri" && second !== undefined) {
    return [{ ...served, path: second, constantStatus: 200 }];
  }
  if (first === "stats" && second === "uri" && words[2] !== undefined) {
    return [{ ...served, path: words[2] }];
  }
  if (first === "http-request" && second === "use-service" && words[2] === "prometheus-exporter") {
    return [{ ...served, framework: "prometheus-exporter", path: "/metrics" }];
  }
  return [];
}
