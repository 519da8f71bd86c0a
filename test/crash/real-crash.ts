import assert from "node:assert/strict";
import type { Role } from "./fuse.ts";
import { RealStage } from "./real-stage.ts";
import { crashPoint } from "./reaper.ts";

/** `CRASH_EVERY=1` tries every point (default: every tenth), `CRASH_SEEDS` other choices. */
const EVERY = Number(process.env["CRASH_EVERY"] ?? "10");
const SEEDS = (process.env["CRASH_SEEDS"] ?? "1").split(",").map(Number);
const KILLED = 137;
/** Never reached: it only counts. */
const NEVER = { at: Number.MAX_SAFE_INTEGER, moment: "before" } as const;

/** A verb that is killed, on a system that is ready for it. */
export interface Killing {
  readonly args: readonly string[];
  /** Called where it died, or ended by itself (then `struck` is undefined). */
  readonly settle: (turn: Turn) => Promise<void>;
}

export interface Turn {
  readonly number: number;
  readonly seed: number;
  /** `after apply start web-3`. */
  readonly struck: string | undefined;
  readonly code: number;
}

/** What the points of a verb were, and how many of them were tried. */
export interface Tried {
  readonly points: number;
  readonly tried: readonly number[];
}

/** Plays the points of one verb that this run is to try; each is prepared anew. */
export async function tryPoints(
  stage: RealStage,
  role: Role,
  prepare: () => Promise<Killing>,
): Promise<Tried> {
  const points = await countPoints(stage, role, prepare);
  const tried: number[] = [];
  for (const seed of SEEDS) {
    for (let number = 1 + (seed % EVERY); number <= points; number += EVERY) {
      await tryOne(stage, role, { prepare, number, seed });
      tried.push(number);
    }
  }
  return { points, tried };
}

/** One life without a death: how many points there are. */
async function countPoints(
  stage: RealStage,
  role: Role,
  prepare: () => Promise<Killing>,
): Promise<number> {
  const { args, settle } = await prepare();
  const fuse = stage.fuse(role);
  fuse.lay(NEVER);
  const { code } = await stage.run(args);
  await settle({ number: 0, seed: 0, struck: undefined, code });
  fuse.remove();
  const { length } = fuse.changes();
  assert.ok(length > 0, `${args.join(" ")} changed nothing: there is nothing to kill`);
  return 2 * length;
}

async function tryOne(
  stage: RealStage,
  role: Role,
  { prepare, number, seed }: { prepare: () => Promise<Killing>; number: number; seed: number },
): Promise<void> {
  const { args, settle } = await prepare();
  const fuse = stage.fuse(role);
  fuse.lay(crashPoint(number));
  const { code, stderr } = await stage.run(args);
  fuse.remove();
  const struck = fuse.struck();
  const where = `${args.join(" ")}: the ${role} died at point ${number} (${struck ?? "never"})`;
  try {
    if (role === "tool" && struck !== undefined) assert.equal(code, KILLED, stderr);
    if (role === "supervisor") assert.notEqual(code, KILLED, stderr);
    await settle({ number, seed, struck, code });
  } catch (error) {
    throw new Error(`${where}, exit ${code}; ${stderr}`, { cause: error });
  }
}
