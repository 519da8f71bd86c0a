import type { Documents } from "../document.ts";
import type { Fact } from "../fact.ts";
import { at, type Location } from "../source.ts";
import type { SpringConfigurationDocument, SpringKey } from "./applications.ts";
import { placeholders } from "./spring.ts";

/** What a Spring configuration reads from its environment, asks, and allows. */
export function springFacts(document: SpringConfigurationDocument): readonly Fact[] {
  return document.keys.flatMap((entry) => {
    const place = at(document.file, entry.line);
    return [...reads(entry, place), ...limits(entry, place), ...calls(entry, place)];
  });
}

function reads({ value }: SpringKey, place: Location): readonly Fact[] {
  return placeholders(value)
    .filter(({ name }) => /^[A-Z][A-Z0-9_]*$/.test(name))
    .map(({ name, fallback }) => ({
      kind: "environment-read",
      at: place,
      name,
      ...(fallback === undefined ? {} : { fallback }),
    }));
}

/** Spring's durations: `30s`, `500ms`, a number of milliseconds. */
function milliseconds(text: string): number | undefined {
  const [, digits, unit = "ms"] = /^(\d{1,10})\s*(ms|s|m|h)?$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 1);
}

/** `DataSize`: `50MB`, binary multiples. */
function byteCount(text: string): number | undefined {
  const [, digits, unit = "B"] = /^(\d{1,10})\s*(B|KB|MB|GB)?$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const factor = { B: 1, KB: 1024, MB: 1_048_576, GB: 1_073_741_824 }[unit.toUpperCase()];
  return Number(digits) * (factor ?? 1);
}

function limits({ key, value }: SpringKey, place: Location): readonly Fact[] {
  const hop = "application" as const;
  if (/(read|response|request)-?timeout$/i.test(key)) {
    const ms = milliseconds(value);
    return ms === undefined ? [] : [{ kind: "time-limit", at: place, hop, of: "read", ms }];
  }
  if (/(max-in-memory-size|max-(request|file)-size|max-http-post-size)$/.test(key)) {
    const bytes = byteCount(value);
    return bytes === undefined ? [] : [{ kind: "body-limit", at: place, hop, bytes }];
  }
  const count = /^\d{1,7}$/.test(value) ? Number(value) : undefined;
  if (count === undefined) return [];
  if (/(^|\.)max-connections$/.test(key)) {
    return [{ kind: "connection-limit", at: place, hop, side: "server", connections: count }];
  }
  if (/(maximum-pool-size|hikari\.max-?pool|druid\.max-active)$/.test(key)) {
    return [{ kind: "connection-limit", at: place, hop, side: "pool", connections: count }];
  }
  return [];
}

const HOST_KEYS =
  "host hostname server-addr name-server nameserver bootstrap-servers dashboard nodes addresses " +
  "uri url";
const HOST_KEY = new RegExp(String.raw`(^|\.)(${HOST_KEYS.replaceAll(" ", "|")})(\[\d+\])?$`);
const ADDRESS = new RegExp(
  String.raw`^(?:jdbc:)?(?:([a-z][a-z0-9+]*)://)?(?:[^@/\s]*@)?` +
    String.raw`([a-zA-Z][\w.-]*)(?::(\d{1,5}))?(?:[/?].*)?$`,
);

/** Hosts that a configuration names: `host: redis`, `server-addr: nacos:8848`, lists of them. */
function calls({ key, value }: SpringKey, place: Location): readonly Fact[] {
  if (!HOST_KEY.test(key) || value.length > 1000) return [];
  return value.split(",").flatMap((part): readonly Fact[] => {
    const written = part.trim().replace(/\$\{[\w.-]+:([^}]*)\}/g, "$1");
    const [, scheme, host, port] = ADDRESS.exec(written) ?? [];
    if (host === undefined || written.includes("${")) return [];
    if (port === undefined && scheme === undefined && !key.endsWith("host")) return [];
    return [
      {
        kind: "call",
        at: place,
        via: "configuration",
        host,
        scope: "network",
        ...(scheme === undefined ? {} : { scheme }),
        ...(port === undefined ? {} : { port: Number(port) }),
      },
    ];
  });
}

/** Actuator's paths, where a configuration or a build file shows that it is there. */
export function actuatorPaths(documents: Documents): readonly Fact[] {
  const configurations = documents.of("spring-configuration");
  const exposing = configurations.flatMap((document) =>
    document.keys
      .filter(({ key }) => key.startsWith("management.endpoints.web.exposure.include"))
      .map((entry) => ({ document, entry })),
  );
  return exposing.flatMap(({ document, entry }): readonly Fact[] => {
    const value = (key: string) => document.keys.find((candidate) => candidate.key === key)?.value;
    const base = value("management.endpoints.web.base-path") ?? "/actuator";
    const served = {
      kind: "served-path",
      at: at(document.file, entry.line),
      by: "application",
      framework: "spring-boot",
      asks: [],
    } as const;
    return entry.value.split(",").map((name): Fact => {
      const path = name.trim() === "*" ? base : `${base}/${name.trim()}`;
      // The aggregated health asks every store that the application has.
      const asks = name.trim() === "health" ? ["database", "cache", "disk"] : [];
      return { ...served, path, prefix: true, asks };
    });
  });
}
