import { ok, refuse, type Result } from "@seaworthy/std/result";
import { z } from "zod";
import type { GatewayConfig, HashKey, RateLimit, TlsConfig } from "./config.ts";

const name = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/, "1 to 128 of A-Z a-z 0-9 . _ : -");
const ms = z.int().min(1).max(86_400_000);
const port = z.int().min(0).max(65_535);
const host = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, "a host name or an IP address");
/** Sent in a header of every inner answer. */
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, "a token (RFC 9110)");
const headerText = z.string().regex(/^[\x21-\x7e]{1,256}$/, "printable ASCII without spaces");

/** JSON has no undefined; inside, the field is always there. */
function orUndefined<Output>(schema: z.ZodType<Output>) {
  return schema.optional().transform((value) => value);
}

const hashKeySchema: z.ZodType<HashKey> = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("client") }),
  z.strictObject({ by: z.literal("path") }),
  z.strictObject({ by: z.literal("header"), name: headerName }),
  z.strictObject({ by: z.literal("cookie"), name: headerName }),
]);

const routeSchema = z.strictObject({
  prefix: z.string().startsWith("/").max(1_024),
  pool: name,
  idempotent: z.boolean(),
  timeoutMs: ms,
  tryTimeoutMs: ms,
  idleMs: ms,
  balance: z.enum(["round-robin", "least-connections", "consistent-hash"]),
  hashBy: orUndefined(hashKeySchema),
});

const file = z.string().startsWith("/").max(4_096);
const tlsSchema: z.ZodType<TlsConfig> = z.strictObject({ certificateFile: file, keyFile: file });

const listenerSchema = z.strictObject({
  name,
  host,
  port,
  kind: z.enum(["public", "inner"]),
  tls: orUndefined(tlsSchema),
  routes: z.array(routeSchema).max(1_000),
});

const checkSchema = z.strictObject({
  path: z.string().startsWith("/").max(1_024),
  everyMs: ms,
  timeoutMs: ms,
  rise: z.int().min(1).max(100),
  fall: z.int().min(1).max(100),
});

const endpointSchema = z.strictObject({
  id: name,
  release: headerText,
  host,
  port: port.min(1),
  routed: z.boolean(),
  // What an older version wrote has no weights, limits by client or trusted proxies.
  weight: z.number().min(0).max(1_000_000).default(1),
  check: checkSchema.exactOptional(),
});

const rateSchema: z.ZodType<RateLimit> = z.strictObject({
  requests: z.int().min(1),
  perMs: ms,
  burst: z.int().min(1),
});

const poolSchema = z.strictObject({
  name,
  endpoints: z.array(endpointSchema).max(10_000),
  check: checkSchema,
});

export const gatewayConfigSchema: z.ZodType<GatewayConfig> = z
  .strictObject({
    generation: z.int().min(1),
    listeners: z.array(listenerSchema).max(1_000),
    pools: z.array(poolSchema).max(1_000),
    limits: z.strictObject({
      headerBytes: z.int().min(1_024).max(1_048_576),
      bodyBytes: z.int().min(0),
      connections: z.int().min(1),
      connectionsPerClient: orUndefined(z.int().min(1)),
      rate: orUndefined(rateSchema),
    }),
    timeouts: z.strictObject({ connectMs: ms, headerMs: ms, bodyMs: ms, keepAliveMs: ms }),
    trustedProxies: z
      .array(z.union([z.cidrv4(), z.cidrv6()]))
      .max(1_000)
      .default([]),
    accessLog: z.string().min(1).optional(),
  })
  // JSON has no undefined; inside, the field is always there.
  .transform((config) => ({ ...config, accessLog: config.accessLog }));

/** A whole configuration from outside: right in itself, with no name that leads nowhere. */
export function parseConfig(input: unknown): Result<GatewayConfig, string> {
  const parsed = gatewayConfigSchema.safeParse(input);
  if (!parsed.success) return refuse(z.prettifyError(parsed.error));
  const contradiction = findContradiction(parsed.data);
  return contradiction === undefined ? ok(parsed.data) : refuse(contradiction);
}

export function findContradiction(config: GatewayConfig): string | undefined {
  const { listeners, pools } = config;
  const endpoints = pools.flatMap((pool) => pool.endpoints);
  const twice =
    repeated(
      "listener",
      listeners.map((listener) => listener.name),
    ) ??
    repeated(
      "pool",
      pools.map((pool) => pool.name),
    ) ??
    repeated(
      "endpoint",
      endpoints.map((endpoint) => endpoint.id),
    ) ??
    repeated(
      "address",
      listeners.filter((one) => one.port !== 0).map((one) => `${one.host}:${one.port}`),
    );
  if (twice !== undefined) return twice;
  const known = new Set(pools.map((pool) => pool.name));
  for (const listener of listeners) {
    const prefix = repeated(
      `route of ${listener.name}`,
      listener.routes.map((one) => one.prefix),
    );
    if (prefix !== undefined) return prefix;
    const lost = listener.routes.find((route) => !known.has(route.pool));
    if (lost !== undefined) {
      return `listener ${listener.name}, route ${lost.prefix}: there is no pool ${lost.pool}`;
    }
  }
  return undefined;
}

function repeated(what: string, names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const one of names) {
    if (seen.has(one)) return `${what} ${one} is declared twice`;
    seen.add(one);
  }
  return undefined;
}
