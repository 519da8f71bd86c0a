import { constants } from "node:fs";
import { chmod, mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import { z } from "zod";
import type { GatewayConfig } from "./config.ts";
import { gatewayConfigSchema } from "./config-schema.ts";

/** What a restarted holder comes back with. */
export interface KeptState {
  readonly version: 1;
  readonly config: GatewayConfig;
  /** Listener name → the port it got where its configuration says 0. */
  readonly ports: Readonly<Record<string, number>>;
}

const keptStateSchema: z.ZodType<KeptState> = z.strictObject({
  version: z.literal(1),
  config: gatewayConfigSchema,
  ports: z.record(z.string(), z.int().min(1).max(65_535)),
});

const FILE = "gateway.json";

/** Undefined: nothing was ever kept. A damaged file is refused: 404 for all would be worse. */
export async function readState(folder: string): Promise<Result<KeptState | undefined, string>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const path = join(folder, FILE);
  try {
    const parsed = keptStateSchema.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? ok(parsed.data) : refuse(`${path}: ${z.prettifyError(parsed.error)}`);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return ok(undefined);
    return refuse(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Atomic and durable: file, sync, rename, sync of the folder. Rejects with the system's error. */
export async function writeState(folder: string, state: KeptState): Promise<void> {
  const path = join(folder, FILE);
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(JSON.stringify(state));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const directory = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
