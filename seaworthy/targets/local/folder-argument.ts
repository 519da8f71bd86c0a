import { z } from "zod";
import type { StateFolder } from "./state-folder.ts";

/** A state folder as the one argument that our own hidden verbs are started with. */
export function folderArgument(folder: StateFolder): string {
  return JSON.stringify(folder);
}

/** Throws where it is none: only our own processes are started with it. */
export function folderFromArgument(text: string | undefined): StateFolder {
  return folderSchema.parse(JSON.parse(text ?? "null"));
}

const folderSchema: z.ZodType<StateFolder> = z.object({
  id: z.string(),
  root: z.string(),
  sockets: z.string(),
  releases: z.string(),
  logs: z.string(),
  volumes: z.string(),
  run: z.string(),
  faults: z.string(),
  record: z.string(),
});
