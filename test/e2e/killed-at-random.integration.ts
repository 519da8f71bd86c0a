import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "@seaworthy/std/random";
import { aSystem } from "./declarations.ts";
import { rehearse, type Rehearsal, type Running } from "./rehearsal.ts";
import { isExactly } from "./seen.ts";
import { until } from "./until.ts";

/**
 * Any process of ours is killed at any moment of any verb; whatever that left, the next `up` makes
 * exactly what is declared of it. `CHAOS_SEED` and `CHAOS_ROUNDS` play other and longer games.
 */
const SEED = Number(process.env["CHAOS_SEED"] ?? "11");
const ROUNDS = Number(process.env["CHAOS_ROUNDS"] ?? "6");
const KILL_WITHIN_MS = 4_500;

const VERBS: readonly (readonly string[])[] = [
  ["deploy"],
  ["deploy"],
  ["up"],
  ["scale", "web=3"],
  ["scale", "web=1"],
  ["down", "--yes"],
  ["drill", "kill-instance"],
  ["drill", "freeze-instance"],
];

/** Who dies: the tool itself, or what the arguments of a process of the system show. */
const VICTIMS: Readonly<Record<string, RegExp | "tool">> = {
  tool: "tool",
  supervisor: / _supervise /,
  watchdog: / _watch /,
  "supervisor and watchdog": / _supervise | _watch /,
  "the edge's processes": /gateway\/main\.ts/,
  "the load": / _load/,
  instances: /node main\.ts$/,
  "all of ours": / _supervise | _watch |gateway\/main\.ts| _load| _undo /,
};

test(`killed at random moments, ${ROUNDS} rounds of seed ${SEED}`, async (t) => {
  const random = seeded(SEED);
  await using rehearsal = await rehearse({ "system.ts": declared(0) });
  assert.equal((await rehearsal.run(["up"])).code, 0);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const verb = VERBS[random.below(VERBS.length)] ?? [];
    const names = Object.keys(VICTIMS);
    const victim = names[random.below(names.length)] ?? "tool";
    const atMs = random.below(KILL_WITHIN_MS);
    const name = `${round}: ${verb.join(" ")}, ${victim} killed after ${atMs} ms`;
    await t.test(name, () => play(rehearsal, { round, verb, victim, atMs }));
  }
});

interface Round {
  readonly round: number;
  readonly verb: readonly string[];
  readonly victim: string;
  readonly atMs: number;
}

async function play(rehearsal: Rehearsal, { round, verb, victim, atMs }: Round): Promise<void> {
  if (["deploy", "up"].includes(verb[0] ?? "")) {
    await rehearsal.write("system.ts", declared(round));
  }
  const running = rehearsal.start(verb);
  await new Promise((resolve) => setTimeout(resolve, atMs));
  await killAll(rehearsal, running, VICTIMS[victim] ?? "tool");
  const ended = await running.ended;
  const said = `${verb.join(" ")} ended with ${ended.code}: ${ended.stderr}`;
  assert.doesNotMatch(ended.stderr, /\n {4}at .*\.ts:\d+/, `a stack trace: ${said}`);
  const up = await rehearsal.run(["up"]);
  assert.equal(up.code, 0, `${up.stderr}\nbefore it, ${said}`);
  await isExactly(rehearsal, 2);
  await until(`nothing but the system, after ${said}`, async () => isWhole(rehearsal));
}

/** One supervisor, one watchdog, one edge (a holder and a worker), two instances; no more. */
async function isWhole(rehearsal: Rehearsal): Promise<boolean> {
  const lines = await rehearsal.survivors();
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  const counts = [/ _supervise /, / _watch /, /gateway\/main\.ts/, /node main\.ts$/].map(count);
  const isSo = counts.join() === "1,1,2,2" && lines.length === 6;
  if (!isSo) console.error(lines.join("\n"));
  return isSo;
}

async function killAll(
  rehearsal: Rehearsal,
  running: Running,
  victim: RegExp | "tool",
): Promise<void> {
  if (victim === "tool") {
    running.child.kill("SIGKILL");
    return;
  }
  for (const line of await rehearsal.survivors()) {
    const pid = Number(line.split(" ")[0]);
    if (pid === running.child.pid || !victim.test(line)) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

function declared(version: number): string {
  return aSystem({ env: `{ VERSION: "v${version}", BOOT_MS: "400" }` }).replace(
    `objectives: { errors: "1%" }`,
    `objectives: { errors: "1%", latency: { p95: "500ms" } }`,
  );
}
