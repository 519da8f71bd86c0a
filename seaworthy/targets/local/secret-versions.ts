import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { SecretName } from "../../system/system.ts";
import { TargetError } from "../target.ts";
import { readTextIfThere, writeDurably } from "./durable-file.ts";

/**
 * The secrets that releases on this machine were described with, each value under a counter.
 * A release names versions only; what a version means is known to this file (0600) alone. No
 * value is ever in an error. One writer at a time, the lease's holder.
 */
export interface SecretVersions {
  /** The version this value has, without remembering it: what `versionOf` would say. */
  peekVersion(name: SecretName, value: string): Promise<number>;
  /** The version of this value; a value that differs from the last one gets the next number. */
  versionOf(name: SecretName, value: string): Promise<number>;
  /** What an instance of a release is given. Fails with `secret-missing` when it is not kept. */
  valueOf(name: SecretName, version: number): Promise<string>;
}

/** Enough to go back over several changes; each kept value is one more that could leak. */
const VERSIONS_KEPT = 5;
const FORMAT_VERSION = 1;

type Kept = Readonly<Record<SecretName, readonly KeptSecret[]>>;
interface KeptSecret {
  readonly version: number;
  readonly value: string;
}

/** Nothing is read or made before the first call. */
export function openSecretVersions(path: string): SecretVersions {
  // Two calls at once would both read before either writes.
  let last: Promise<unknown> = Promise.resolve();
  return {
    peekVersion: async (name, value) => next(await load(path), { name, value }).version,
    versionOf: async (name, value) => {
      const mine = last.then(() => remember(path, { name, value }));
      last = mine.catch(() => {});
      return await mine;
    },
    valueOf: async (name, version) => {
      await last;
      const found = keptOf(await load(path), name).find((secret) => secret.version === version);
      if (found !== undefined) return found.value;
      throw new TargetError("secret-missing", `version ${version} of ${name} is not kept here`, {
        fix: `seaworthy up, with ${name} in one of the declared providers`,
      });
    },
  };
}

async function remember(
  path: string,
  secret: { readonly name: SecretName; readonly value: string },
): Promise<number> {
  const kept = await load(path);
  const { version, isNew } = next(kept, secret);
  if (!isNew) return version;
  const versions = [...keptOf(kept, secret.name), { version, value: secret.value }];
  const secrets = { ...kept, [secret.name]: versions.slice(-VERSIONS_KEPT) };
  await writeDurably(path, JSON.stringify({ v: FORMAT_VERSION, secrets }));
  return version;
}

function next(
  kept: Kept,
  secret: { readonly name: SecretName; readonly value: string },
): { readonly version: number; readonly isNew: boolean } {
  const latest = keptOf(kept, secret.name).at(-1);
  if (latest === undefined) return { version: 1, isNew: true };
  if (isSame(latest.value, secret)) return { version: latest.version, isNew: false };
  return { version: latest.version + 1, isNew: true };
}

/** Takes the same time wherever the two differ, and whatever their lengths are. */
function isSame(known: string, given: { readonly value: string }): boolean {
  const key = randomBytes(32);
  const digest = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  return timingSafeEqual(digest(known), digest(given.value));
}

function keptOf(kept: Kept, name: SecretName): readonly KeptSecret[] {
  return Object.hasOwn(kept, name) ? (kept[name] ?? []) : [];
}

const fileSchema = z.object({
  v: z.literal(FORMAT_VERSION),
  secrets: z.record(z.string(), z.array(z.object({ version: z.int().min(1), value: z.string() }))),
});

async function load(path: string): Promise<Kept> {
  const text = await readTextIfThere(path);
  if (text === undefined) return {};
  const parsed = fileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.secrets;
  // Neither the text nor the parser's words: both may hold a value.
  throw new TargetError("damaged", `${path} cannot be read`, {
    fix: `move it elsewhere and run seaworthy up: the secrets are read from their providers again`,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
