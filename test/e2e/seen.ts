/** What a verb says of the running system, in a form that tests can compare. */
import assert from "node:assert/strict";
import type { Rehearsal, RunOptions } from "./rehearsal.ts";

interface SeenInstance {
  readonly id: string;
  readonly state: string;
  readonly routed: boolean;
  readonly release: string;
  readonly pid: number;
}

interface SeenStatus {
  readonly edge: readonly string[];
  readonly units: readonly {
    readonly name: string;
    readonly release: string | null;
    readonly instances: readonly SeenInstance[];
  }[];
}

export interface Where {
  readonly args?: readonly string[];
  readonly options?: RunOptions;
}

export async function statusOf(rehearsal: Rehearsal, where: Where = {}): Promise<SeenStatus> {
  const args = ["status", "--json", ...(where.args ?? [])];
  const status = await rehearsal.run(args, where.options);
  assert.equal(status.code, 0, status.stderr);
  const parsed: SeenStatus = JSON.parse(status.stdout);
  return parsed;
}

/** The instances of `web`. */
export async function webOf(
  rehearsal: Rehearsal,
  where: Where = {},
): Promise<readonly SeenInstance[]> {
  const { units } = await statusOf(rehearsal, where);
  return units.find(({ name }) => name === "web")?.instances ?? [];
}

/** So many instances of one committed release, all ready and routed, and nothing left to do. */
export async function isExactly(
  rehearsal: Rehearsal,
  count: number,
  where: Where = {},
): Promise<void> {
  const args = ["plan", "--exit-code", ...(where.args ?? [])];
  const plan = await rehearsal.run(args, where.options);
  assert.equal(plan.code, 0, plan.stdout + plan.stderr);
  const status = await statusOf(rehearsal, where);
  const web = status.units.find(({ name }) => name === "web");
  const instances = web?.instances ?? [];
  assert.equal(instances.length, count, JSON.stringify(instances));
  for (const { state, routed, release } of instances) {
    assert.deepEqual([state, routed, release], ["ready", true, web?.release]);
  }
  const answer = await fetch(`${status.edge[0]}/`, { signal: AbortSignal.timeout(10_000) });
  assert.equal(answer.status, 200);
  await answer.text();
}
