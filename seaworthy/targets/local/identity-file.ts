import { z } from "zod";
import type { ProcessIdentity } from "../../record/fault.ts";
import { readTextIfThere, writeDurably } from "./durable-file.ts";
import { identify, isAlive } from "./identity.ts";

/** Says in a file which process this is; durable when it resolves. */
export async function writeIdentity(path: string, pid: number): Promise<void> {
  await writeDurably(path, JSON.stringify(identify(pid)));
}

/** The process that a file names, if it still lives. */
export async function readLiveIdentity(path: string): Promise<ProcessIdentity | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const parsed = identityText.safeParse(text);
  return parsed.success && isAlive(parsed.data) ? parsed.data : undefined;
}

const identitySchema: z.ZodType<ProcessIdentity> = z.object({
  pid: z.number(),
  startTicks: z.string(),
  bootId: z.string(),
});

/** A file that cannot be read names no process. */
const identityText = z
  .string()
  .transform((text, context) => {
    try {
      const json: unknown = JSON.parse(text);
      return json;
    } catch {
      context.addIssue("no JSON");
      return z.NEVER;
    }
  })
  .pipe(identitySchema);
