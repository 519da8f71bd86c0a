import { z } from "zod";
import type { Release } from "./release.ts";
import { count, list, schemaOf } from "./schema-parts.ts";

/** Also what a release's folder is called, so nothing else may pass for one. */
const RELEASE_ID = /^r[0-9a-f]{12}$/;

export const releaseSchema = schemaOf<Release>()(
  z.object({
    id: z.string().regex(RELEASE_ID),
    unit: z.string(),
    createdAt: z.string(),
    program: z.object({ path: z.string(), identity: z.string() }),
    argv: list(z.string()),
    filesHash: z.string(),
    fileCount: count,
    environmentHash: z.string(),
    secretVersions: z.record(z.string(), z.int().min(1)),
    from: z.string(),
  }),
);
