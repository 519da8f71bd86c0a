import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Ledger } from "./ledger.ts";
import type { InstanceRecord, SupervisorState } from "./state.ts";

/** A ledger with a file of its own, and what stands in it. */
export async function aLedger(
  t: TestContext,
  state: SupervisorState,
): Promise<{ readonly ledger: Ledger; read(): Promise<unknown> }> {
  const folder = await mkdtemp(join(tmpdir(), "seaworthy-ledger-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "state.json");
  const read = async (): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));
  return { ledger: new Ledger(path, state), read };
}

/** Up and routed, of no process. */
export function aRoutedRecord(change: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    id: "web-1",
    unit: "web",
    release: "r1",
    port: 20_001,
    routed: true,
    weight: 1,
    isolated: undefined,
    phase: "up",
    identity: undefined,
    restarts: 1,
    since: "2026-11-20T09:00:00.000Z",
    spawnedWallMs: 0,
    because: undefined,
    ...change,
  };
}
