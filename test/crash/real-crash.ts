import assert from "node:assert/strict";
import { until } from "../e2e/until.ts";
import type { Role } from "./fuse.ts";
import type { RealStage } from "./real-stage.ts";
import { crashPoint, NEVER } from "./reaper.ts";

const KILLED = 137;
/** A death that had begun when the verb ended is over soon: its effect only has to return. */
const DYING_S = 20;

/** A verb that is killed, on a system that is ready for it. */
export interface Killing {
  readonly args: readonly string[];
  /** The exit codes with which it may end when nobody dies. */
  readonly ends: readonly number[];
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

/** One process of a stage, and how a verb is made ready in which it shall die. */
export interface Play {
  readonly stage: Pick<RealStage, "fuse" | "run">;
  readonly role: Role;
  readonly prepare: () => Promise<Killing>;
}

export interface Lived extends Turn {
  /** Points that this life had: two a change. Of one that was cut short: up to its death. */
  readonly points: number;
}

/** One life without a death: how many points there are. */
export async function countPoints(play: Play): Promise<number> {
  const { points } = await live(play, { number: 0, seed: 0 });
  assert.ok(points > 0, "it changed nothing: there is nothing to kill");
  return points;
}

/**
 * One life that ends at one point. One that got to its end before that point is told as such;
 * one that went past it, and was not killed, is an error.
 */
export async function playPoint(
  play: Play,
  point: { readonly number: number; readonly seed: number },
): Promise<Lived> {
  return await live(play, point);
}

/**
 * One point of each `every`, moments before a change and after one in turn; another seed takes
 * others. All of them where `every` is 1.
 */
export function sampled(of: {
  readonly points: number;
  readonly every: number;
  readonly seed: number;
}): readonly number[] {
  const { points, every, seed } = of;
  const blocks = Array.from({ length: Math.ceil(points / every) }, (_, block) => block);
  const chosen = blocks.map((block) => block * every + 1 + ((seed + 3 * block) % every));
  return chosen.filter((number) => number <= points);
}

async function live(
  { stage, role, prepare }: Play,
  { number, seed }: { readonly number: number; readonly seed: number },
): Promise<Lived> {
  const { args, ends, settle } = await prepare();
  const fuse = stage.fuse(role);
  fuse.lay(number === 0 ? NEVER : crashPoint(number));
  const { code, stderr } = await stage.run(args);
  fuse.disarm();
  const isPast = (): boolean => number > 0 && number <= 2 * fuse.changes().length;
  try {
    const hit = (): boolean => fuse.struck() !== undefined;
    if (isPast() && role === "supervisor") await until("its death", hit, DYING_S);
    assert.ok(!isPast() || hit(), "the kill hit nothing");
    const struck = fuse.struck();
    const points = 2 * fuse.changes().length;
    if (struck === undefined) assert.ok(ends.includes(code), `exit ${code}, and nobody died`);
    else if (role !== "supervisor") assert.equal(code, KILLED, "the tool lives on");
    if (role === "supervisor") assert.notEqual(code, KILLED, "the tool died");
    await settle({ number, seed, struck, code });
    return { number, seed, struck, code, points };
  } catch (error) {
    const where = `${role} died at point ${number} (${fuse.struck() ?? "never"})`;
    const why = error instanceof Error ? error.message : String(error);
    const said = `${args.join(" ")}: ${where}, exit ${code}: ${why}\n${stderr}`;
    throw new Error(said, { cause: error });
  }
}
