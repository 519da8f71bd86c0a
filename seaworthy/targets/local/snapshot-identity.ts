import { createHash } from "node:crypto";
import { assertNever } from "@seaworthy/std/assert";
import type { ReleaseId } from "../../record/release.ts";
import type { EnvironmentValue, SecretName } from "../../system/system.ts";

/** All that a release is made of (architecture §3). */
export interface Ingredients {
  readonly unit: string;
  readonly kind: "service" | "job";
  readonly argv: readonly string[];
  readonly programIdentity: string;
  /** The working folder inside the files. */
  readonly appFolder: string;
  readonly filesHash: string;
  readonly environmentHash: string;
  readonly secretVersions: Readonly<Record<SecretName, number>>;
  readonly declaredFiles: Readonly<Record<string, string>>;
}

/** Part of what is hashed: another way to hash must not pass for the same content. */
const IDENTITY_VERSION = 1;
const ID_HEX_DIGITS = 12;

export function releaseId(made: Ingredients): ReleaseId {
  const hash = sha256([
    IDENTITY_VERSION,
    made.unit,
    made.kind,
    made.argv,
    made.programIdentity,
    made.appFolder,
    made.filesHash,
    made.environmentHash,
    byName(made.secretVersions),
    byName(made.declaredFiles),
  ]);
  return `r${hash.slice(0, ID_HEX_DIGITS)}`;
}

/** Names, kinds, texts and what is referred to; a secret is its name alone. */
export function hashEnvironment(env: Readonly<Record<string, EnvironmentValue>>): string {
  return sha256(byName(env).map(([name, value]) => [name, canonical(value)]));
}

/** Every secret an environment refers to, each once, sorted. */
export function secretsOf(env: Readonly<Record<string, EnvironmentValue>>): readonly SecretName[] {
  return [...new Set(Object.values(env).flatMap(secretsIn))].toSorted();
}

function secretsIn(value: EnvironmentValue): readonly SecretName[] {
  if (value.kind === "secret") return [value.secret];
  return value.kind === "parts" ? value.parts.flatMap(secretsIn) : [];
}

function canonical(value: EnvironmentValue): readonly unknown[] {
  switch (value.kind) {
    case "text":
      return ["text", value.text];
    case "secret":
      return ["secret", value.secret];
    case "url":
      return ["url", value.service];
    case "parts":
      return ["parts", value.parts.map(canonical)];
    default:
      return assertNever(value);
  }
}

function byName<Value>(record: Readonly<Record<string, Value>>): readonly [string, Value][] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function sha256(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
