import { readFileSync } from "node:fs";
import type { EnvironmentReader } from "@seaworthy/service-kit/environment";
import type { Platform } from "@seaworthy/service-kit/launch";

export interface Settings {
  /** In the order of the file. */
  readonly models: ReadonlyMap<ModelName, Origin>;
  /** Request sent → first byte of the model server's answer. */
  readonly firstByteMs: number;
  /** Longest silence inside an answer. */
  readonly idleMs: number;
}
export type ModelName = string;
/** `http://host:port`, without a slash at its end. */
export type Origin = string;

/** Which model is where: `{ "<model>": "<name of the variable with its servers' address>" }`. */
const MODELS_FILE = "/etc/model-router/models.json";
/** At most 100 s: a client's connection that is silent for 120 s is taken for dead (serve.ts). */
const WAIT_MS = { min: 10, max: 100_000 };
const VARIABLE = /^[A-Z][A-Z0-9_]*_URL$/;

export function readSettings(reader: EnvironmentReader, platform: Platform): Settings {
  return {
    models: readModels(reader, platform.root + MODELS_FILE),
    firstByteMs: reader.integer("UPSTREAM_FIRST_BYTE_MS", { ...WAIT_MS, fallback: 30_000 }),
    idleMs: reader.integer("UPSTREAM_IDLE_MS", { ...WAIT_MS, fallback: 30_000 }),
  };
}

function readModels(reader: EnvironmentReader, file: string): ReadonlyMap<ModelName, Origin> {
  const models = new Map<ModelName, Origin>();
  const table = parseTable(reader, file);
  for (const [model, variable] of Object.entries(table ?? {})) {
    if (typeof variable !== "string" || !VARIABLE.test(variable)) {
      reader.fault(`${file}: ${model} must name a variable that ends in _URL`);
    } else models.set(model, reader.origin(variable));
  }
  if (table !== undefined && Object.keys(table).length === 0) {
    reader.fault(`${file}: names no model`);
  }
  return models;
}

function parseTable(reader: EnvironmentReader, file: string): object | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    reader.fault(`${file}: must be an object of model names`);
  } catch (cause) {
    reader.fault(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return undefined;
}
