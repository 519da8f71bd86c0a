import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FaultHandle } from "../../../record/fault.ts";
import { faultHandleSchema } from "../../../record/schema-step.ts";
import { readTextIfThere, writeDurably } from "../durable-file.ts";
import { companionOf, handleFileOf, isHandleFile, type FaultSite } from "./fault-site.ts";

/** On disk when it resolves: whatever dies from then on, somebody can undo it. */
export async function writeHandle(site: Pick<FaultSite, "faults">, handle: FaultHandle) {
  const file = handleFileOf(site, handle.id);
  await writeDurably(file, JSON.stringify(handle));
  return file;
}

/** Undefined when the fault is undone and its file gone. */
export async function readHandle(path: string): Promise<FaultHandle | undefined> {
  const text = await readTextIfThere(path);
  return text === undefined ? undefined : faultHandleSchema.parse(JSON.parse(text));
}

/**
 * Its switch and its breaker see the file gone, and end. The files that name them go with it: one
 * that was killed can no longer remove its own.
 */
export async function removeHandle(handleFile: string): Promise<void> {
  await rm(handleFile, { force: true });
  for (const companion of ["switch", "breaker"] as const) {
    await rm(companionOf(handleFile, companion), { force: true });
  }
}

/** Handles of faults that nobody has undone yet. */
export async function pendingHandles(faultsFolder: string): Promise<readonly string[]> {
  const names = await readdir(faultsFolder);
  return names.filter(isHandleFile).map((name) => join(faultsFolder, name));
}
