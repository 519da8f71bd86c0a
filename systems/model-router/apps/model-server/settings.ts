import type { EnvironmentReader } from "@seaworthy/service-kit/environment";
import type { Platform } from "@seaworthy/service-kit/launch";

export interface Settings {
  readonly models: readonly string[];
  /** The same seed, model and messages give the same text, on every instance, in both languages. */
  readonly seed: string;
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  /** No completion is longer, whatever the request asks. */
  readonly tokensMax: number;
  readonly ledgerFile: string;
}

export function readSettings(reader: EnvironmentReader, platform: Platform): Settings {
  return {
    models: reader.list("MODELS"),
    seed: reader.text("SEED", { fallback: "1" }),
    firstTokenMs: reader.integer("FIRST_TOKEN_MS", { min: 0, max: 60_000, fallback: 20 }),
    tokensPerSecond: reader.integer("TOKENS_PER_SECOND", { min: 1, max: 100_000, fallback: 50 }),
    tokensMax: reader.integer("TOKENS_MAX", { min: 1, max: 4_096, fallback: 256 }),
    ledgerFile: `${platform.root}/var/lib/model-server/ledger`,
  };
}
