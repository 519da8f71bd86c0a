import { once } from "../once.ts";
import alertmanager from "./alertmanager.json" with { type: "json" };
import compose from "./compose.json" with { type: "json" };
import prometheus from "./prometheus.json" with { type: "json" };
import prometheusRules from "./prometheus-rules.json" with { type: "json" };

const FILES = {
  alertmanager,
  compose,
  prometheus,
  "prometheus-rules": prometheusRules,
} as const;

export type SchemaName = keyof typeof FILES;

/** Fields by name; the value is the type whose fields the value, its items or entries have. */
type Fields = ReadonlyMap<string, string | undefined>;

/** The type of a whole file. */
export const ROOT_TYPE = "root";

/**
 * Undefined: the type is not in the catalogue, so that nothing can be said of its fields. In
 * Compose, fields that begin with `x-` are free at every level, beside these.
 */
export function fieldsOf(schema: SchemaName, type: string): Fields | undefined {
  return tables[schema]().get(type);
}

/**
 * The type found by following field names down from the whole file; what list items and map
 * entries hold is one step, so `services`, then a service's `healthcheck`, are
 * `["services", "healthcheck"]`. Undefined: a field on the way is unknown or has no fields.
 */
export function typeAt(schema: SchemaName, path: readonly string[]): string | undefined {
  let type: string | undefined = ROOT_TYPE;
  for (const field of path) type = type && fieldsOf(schema, type)?.get(field);
  return type;
}

export function schemaSources(): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(FILES).map(([name, { sources }]) => [name, sources]));
}

const tables = {
  alertmanager: once(() => tableOf(alertmanager.types)),
  compose: once(() => tableOf(compose.types)),
  prometheus: once(() => tableOf(prometheus.types)),
  "prometheus-rules": once(() => tableOf(prometheusRules.types)),
} as const satisfies Record<SchemaName, () => ReadonlyMap<string, Fields>>;

function tableOf(types: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, Fields> {
  return new Map(
    Object.entries(types).map(([name, rows]) => [
      name,
      new Map(
        rows.map((row) => {
          const [field = "", type] = row.split(" ");
          return [field, type] as const;
        }),
      ),
    ]),
  );
}
