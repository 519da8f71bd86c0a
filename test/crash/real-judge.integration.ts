import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { present } from "@seaworthy/std/assert";
import { until } from "../e2e/until.ts";
import { markedProcesses } from "./outside.ts";
import { RealStage } from "./real-stage.ts";

const WEB = 2;
/** A sound system was seen whole before: whatever is planted, waiting longer mends nothing. */
const IMPATIENT_S = 1;

/** What is planted in a system, and how it is taken away again. */
type Plant = (stage: RealStage, owner: string) => Promise<() => Promise<void>>;

async function stray(env: Readonly<Record<string, string>>): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn("sleep", ["60"], { stdio: "ignore", env });
  const ended = once(child, "exit");
  await once(child, "spawn");
  return async () => {
    child.kill("SIGKILL");
    await ended;
  };
}

async function folderOf(stage: RealStage): Promise<string> {
  const home = join(stage.rehearsal.state, "seaworthy");
  return join(home, present((await readdir(home))[0], "the system's folder"));
}

async function lying(path: string): Promise<() => Promise<void>> {
  await writeFile(path, "{}");
  return async () => await rm(path);
}

const PLANTED: Readonly<Record<string, { plant: Plant; says: RegExp }>> = {
  "an instance that nobody wants": {
    plant: (_stage, owner) => stray({ SEAWORTHY_OWNER: owner, SEAWORTHY_INSTANCE: "web-99" }),
    says: /web-99 .* is not wanted/,
  },
  "a process that bears no mark": {
    plant: (stage) => stray({ XDG_STATE_HOME: stage.rehearsal.state }),
    says: /sleep 60/,
  },
  "a second supervisor": {
    plant: (_stage, owner) => stray({ SEAWORTHY_OWNER: owner, SEAWORTHY_INSTANCE: "_supervise" }),
    says: /_supervise: 2 processes, not 1/,
  },
  "an instance that is stopped": {
    plant: async (_stage, owner) => {
      const marked = await markedProcesses(owner);
      const one = present(
        marked.find(({ instance }) => instance.startsWith("web-")),
        "an instance",
      );
      process.kill(one.pid, "SIGSTOP");
      return async () => void process.kill(one.pid, "SIGCONT");
    },
    says: /is stopped/,
  },
  "a file that is half written": {
    plant: async (stage) => await lying(join(await folderOf(stage), "state.json.new")),
    says: /state\.json\.new/,
  },
  "a fault that nobody undid": {
    plant: async (stage) => await lying(join(await folderOf(stage), "faults", "f9.switch")),
    says: /f9\.switch/,
  },
};

test("a sound system is found sound, and each planted wrong is found", async (t) => {
  await using stage = await RealStage.open({ repeats: true });
  await stage.declareNext();
  await stage.must(["up"]);
  await stage.runsExactly({ version: 1, web: WEB });
  const { owner } = present(await stage.state(), "the state");
  for (const [what, { plant, says }] of Object.entries(PLANTED)) {
    await t.test(what, async () => {
      stage.patienceS = IMPATIENT_S;
      const remove = await plant(stage, owner);
      try {
        await assert.rejects(stage.runsExactly({ version: 1, web: WEB }), says);
      } finally {
        await remove();
      }
      stage.patienceS = 30;
      await stage.runsExactly({ version: 1, web: WEB });
    });
  }
  await t.test("another version, another count, or nothing", async () => {
    stage.patienceS = IMPATIENT_S;
    await assert.rejects(stage.runsExactly({ version: 2, web: WEB }), /v2/);
    await assert.rejects(stage.runsExactly({ version: 1, web: WEB + 1 }), /3 wanted/);
    await assert.rejects(stage.isGone(), /everything to end/);
  });
  await t.test("a deploy that died half-way", async () => {
    stage.patienceS = IMPATIENT_S;
    await stage.declareNext();
    const fuse = stage.fuse("tool");
    const begun = () => fuse.changes().includes("append begin");
    fuse.lay({ at: 6, moment: "after" });
    await stage.run(["deploy"]);
    fuse.disarm();
    await until("the deploy to have begun", begun, IMPATIENT_S);
    await assert.rejects(stage.runsExactly({ version: 1, web: WEB }), /deploy/);
    stage.patienceS = 30;
    await stage.must(["up"]);
    await stage.runsExactly({ version: 2, web: WEB });
  });
});
