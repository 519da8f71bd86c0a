import { z } from "zod";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { WriteAudit } from "../record/evidence.ts";
import type { Sample } from "./load.ts";

/** What a service says took effect: write id → times. */
export type Ledger = ReadonlyMap<string, number>;

export interface Audit {
  readonly writes: WriteAudit;
  /** Ids, for a person: acknowledged and not there; there more than once. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** There, though the client never sent it or was told that it was refused. */
  readonly phantom: readonly string[];
}

const lineSchema = z.object({ id: z.string(), times: z.int().min(0) });

/** NDJSON of `{"id","times"}`; an id said twice counts both. Says which line is none. */
export function parseLedger(text: string): Result<Ledger, string> {
  const ledger = new Map<string, number>();
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const entry = readLine(line);
    if (entry === undefined) return refuse(`line ${at + 1} of the history is no {"id","times"}`);
    ledger.set(entry.id, (ledger.get(entry.id) ?? 0) + entry.times);
  }
  return ok(ledger);
}

function readLine(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/**
 * The client's history against what took effect (`research/resilience.md` §3). Only writes of this
 * run are looked at: the ledger may hold those of earlier ones.
 */
export function audit(options: {
  readonly run: string;
  readonly samples: readonly Sample[];
  readonly ledger: Ledger;
}): Audit {
  const counts = { ok: 0, failed: 0, unknown: 0, unknownApplied: 0 };
  const lost: string[] = [];
  const doubled: string[] = [];
  const phantom: string[] = [];
  const sent = new Set<string>();
  for (const { write, outcome } of options.samples) {
    if (write === undefined) continue;
    sent.add(write);
    counts[outcome] += 1;
    const times = options.ledger.get(write) ?? 0;
    if (times > 1) doubled.push(write);
    if (outcome === "ok" && times === 0) lost.push(write);
    if (outcome === "failed" && times > 0) phantom.push(write);
    if (outcome === "unknown" && times > 0) counts.unknownApplied += 1;
  }
  for (const [id, times] of options.ledger) {
    if (times > 0 && id.startsWith(`${options.run}-`) && !sent.has(id)) phantom.push(id);
  }
  return {
    writes: { ...counts, lost: lost.length, doubled: doubled.length },
    lost,
    doubled,
    phantom,
  };
}
