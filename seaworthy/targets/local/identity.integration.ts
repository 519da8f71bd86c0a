import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { present } from "@seaworthy/std/assert";
import { until } from "./fixtures/rehearsal.ts";
import {
  groupOf,
  identify,
  INSTANCE_VARIABLE,
  isAlive,
  markedBy,
  OWNER_VARIABLE,
  seeProcess,
  signalGroup,
} from "./identity.ts";

const OWNER = `identity-test-${process.pid}`;

describe("a process whose first thread has ended", () => {
  it("is alive while another thread of it runs, and gone when that ends", async () => {
    await using child = startPython(FIRST_THREAD_ENDS);
    const { pid } = child;
    await until("the end of the first thread", async () =>
      seeProcess(pid)?.state === "Z" ? true : undefined,
    );
    const identity = present(identify(pid), "the process lives");
    assert.deepEqual(groupOf(identity), [identity]);
    assert.deepEqual(
      markedBy(OWNER).map(({ mark, process: seen }) => [mark.instance, seen.identity]),
      [["api-1", identity]],
      "its mark is still found",
    );
    assert.ok(signalGroup(identity, "SIGKILL"));
    await until("its end", async () => (isAlive(identity) ? undefined : true));
    assert.deepEqual(markedBy(OWNER), []);
  });
});

describe("a process that has ended", () => {
  it("is gone before its parent has asked how it ended", async () => {
    await using parent = startPython(NEVER_ASKS);
    const [line] = await once(parent.stdout, "data");
    const pid = Number(String(line));
    await until("its end", async () => (seeProcess(pid)?.state === "Z" ? true : undefined));
    assert.equal(identify(pid), undefined);
  });
});

/** The system call ends the calling thread alone; its number is 60 on x86-64 (syscalls(2)). */
const FIRST_THREAD_ENDS = `
import ctypes, platform, threading, time
threading.Thread(target=time.sleep, args=(300,)).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == "x86_64" else 93, 0)
`;

const NEVER_ASKS = `
import os, time
pid = os.fork()
if pid == 0: os._exit(0)
print(pid, flush=True)
time.sleep(300)
`;

function startPython(program: string) {
  const child = spawn("python3", ["-c", program], {
    detached: true,
    env: { ...process.env, [OWNER_VARIABLE]: OWNER, [INSTANCE_VARIABLE]: "api-1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = present(child.pid, "python3 was started");
  return { pid, stdout: child.stdout, [Symbol.asyncDispose]: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
