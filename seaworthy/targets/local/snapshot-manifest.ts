import { z } from "zod";
import { decodeLines, encodeLine, RecordDamaged, RecordTooNew } from "../../record/line.ts";
import type { Release } from "../../record/release.ts";
import { count, list, schemaOf } from "../../record/schema-parts.ts";
import { releaseSchema } from "../../record/schema-release.ts";
import type { EnvironmentValue } from "../../system/system.ts";
import { TargetError } from "../target.ts";

/** Lies beside the files of a release and says how they are run. */
export const MANIFEST_FILE = "release.json";
const MANIFEST_KIND = "release-manifest";

export interface ReleaseManifest {
  readonly release: Release;
  readonly kind: "service" | "job";
  /** Absolute, or relative to the app's folder. */
  readonly program: string;
  readonly argv: readonly string[];
  /** Relative to the release's folder. */
  readonly appFolder: string;
  readonly env: Readonly<Record<string, EnvironmentValue>>;
  readonly files: Readonly<Record<string, string>>;
  /** Of all files together: tells a whole release from one that a power cut emptied. */
  readonly bytes: number;
}

/** One line in the record's format: versioned and with a checksum. */
export function encodeManifest(manifest: ReleaseManifest): string {
  return encodeLine(MANIFEST_KIND, manifest);
}

/** Fails with `TargetError` `damaged`; `path` is for the message. */
export function decodeManifest(text: string, options: { readonly path: string }): ReleaseManifest {
  const parsed = manifestSchema.safeParse(onlyBody(text, options.path));
  if (parsed.success) return parsed.data;
  throw damaged(options.path, z.prettifyError(parsed.error));
}

function onlyBody(text: string, path: string): unknown {
  try {
    return decodeLines(text, MANIFEST_KIND).records[0];
  } catch (error) {
    if (error instanceof RecordDamaged) throw damaged(path, error.reason);
    if (!(error instanceof RecordTooNew)) throw error;
    throw new TargetError("damaged", `${path} was written by a newer seaworthy`, {
      cause: error,
      fix: error.fix,
    });
  }
}

function damaged(path: string, why: string): TargetError {
  return new TargetError("damaged", `${path} cannot be read`, {
    detail: [why],
    fix: "seaworthy up puts the release again from its source",
  });
}

const environmentValueSchema: z.ZodType<EnvironmentValue> = z.lazy(() =>
  schemaOf<EnvironmentValue>()(
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("text"), text: z.string() }),
      z.object({ kind: z.literal("secret"), secret: z.string() }),
      z.object({ kind: z.literal("url"), service: z.string() }),
      z.object({ kind: z.literal("parts"), parts: list(environmentValueSchema) }),
    ]),
  ),
);

const manifestSchema = schemaOf<ReleaseManifest>()(
  z.object({
    release: releaseSchema,
    kind: z.enum(["service", "job"]),
    program: z.string(),
    argv: list(z.string()),
    appFolder: z.string(),
    env: z.record(z.string(), environmentValueSchema),
    files: z.record(z.string(), z.string()),
    bytes: count,
  }),
);
