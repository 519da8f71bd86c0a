import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { execPath } from "node:process";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Command } from "@seaworthy/std/command";
import { impairCommand } from "./impair-command.fixture.ts";
import { type Ill, type Impairment, impairedCommand } from "./impairment.ts";
import { orderPath } from "./symptoms.ts";

const SERVICE = fileURLToPath(new URL("./impaired-service.fixture.ts", import.meta.url));
const NODE: Command = ["node", SERVICE];
/** The smallest service that is not Node; its answers are a listing of the folder. */
const PYTHON: Command = [
  "python3",
  "-c",
  "import http.server, os; http.server.test(" +
    "http.server.SimpleHTTPRequestHandler, port=int(os.environ['PORT']), bind=os.environ['HOST'])",
];
const MEBIBYTE = 1_048_576;

interface Impaired {
  readonly url: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly printed: () => string;
}

interface Given {
  readonly command?: Command;
  readonly change?: Partial<Impairment>;
  readonly waits?: boolean;
}

const AT_ONCE: Impairment["onset"] = { when: "ready", afterMs: 0 };

/** Runs the command with this ill, as a leader of its group, until the test ends. */
async function impaired(t: TestContext, ill: Ill, given: Given = {}): Promise<Impaired> {
  const port = await freePort();
  const impairment: Impairment = {
    ill,
    onset: AT_ONCE,
    spares: undefined,
    seed: 7,
    checks: { health: "/health", ready: "/ready" },
    ...given.change,
  };
  const [program, ...args] = impairedCommand(impairment, given.command ?? NODE, impairCommand);
  const child = spawn(program === "node" ? execPath : program, args, {
    env: {
      PATH: process.env["PATH"],
      HOST: "127.0.0.1",
      PORT: `${port}`,
      SEAWORTHY_INSTANCE: "web-3",
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  t.after(async () => {
    if (child.pid !== undefined) killGroup(child.pid);
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  const impairedOne = { url, port, child, ended, printed: () => text };
  if (given.waits !== false) {
    await until("it listens", async () => (await statusOf(`${url}/`).catch(() => 0)) !== 0);
  }
  return impairedOne;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It has ended.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

async function until(what: string, seen: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await seen())) {
    assert.ok(Date.now() < end, `never seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function statusOf(url: string): Promise<number> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  await answer.arrayBuffer();
  return answer.status;
}

async function statuses(url: string, count: number): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let at = 0; at < count; at += 1) seen.push(await statusOf(url));
  return seen;
}

for (const [what, command] of Object.entries({ node: NODE, python3: PYTHON })) {
  test(`${what}: never ready, and everything else works`, async (t) => {
    // Python's server has no path for a check: a file that is there stands for one.
    const { url } = await impaired(t, { kind: "never-ready" }, { command });
    assert.equal(await statusOf(`${url}/ready`), 503);
    assert.equal(await statusOf(`${url}/`), 200);
    assert.equal(await statusOf(`${url}/ready`), 503);
  });

  test(`${what}: ends at once with code 1, and never starts the command`, async (t) => {
    const one = await impaired(t, { kind: "exits" }, { command, waits: false });
    assert.deepEqual(await one.ended, { code: 1, signal: null });
    assert.match(one.printed(), /made bad on purpose: web-3 ends at once/);
    assert.doesNotMatch(one.printed(), /listening|Serving/);
  });
}

test("crashes with code 1 after it was ready, and the command with it", async (t) => {
  const onset = { when: "ready", afterMs: 300 } as const;
  const one = await impaired(t, { kind: "crashes" }, { change: { onset } });
  assert.equal(await statusOf(`${one.url}/`), 200, "nothing is wrong before its first ready check");
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(await statusOf(`${one.url}/ready`), 200);
  assert.deepEqual(await one.ended, { code: 1, signal: null });
});

test("5 % of the requests fail, the same ones for the same seed, checks never", async (t) => {
  const seen: string[] = [];
  for (const seed of [7, 7, 8]) {
    const { url } = await impaired(t, { kind: "errors", ratio: 0.05 }, { change: { seed } });
    assert.equal(await statusOf(`${url}/ready`), 200);
    const all = await statuses(`${url}/orders`, 200);
    const failed = all.filter((status) => status === 500).length;
    assert.ok(failed >= 3 && failed <= 20, `${failed} of 200`);
    assert.ok((await statuses(`${url}/health`, 60)).every((status) => status === 200));
    seen.push(all.join());
  }
  assert.equal(seen[0], seen[1]);
  assert.notEqual(seen[0], seen[2]);
});

test("each answer comes later, but those of the checks", async (t) => {
  const { url } = await impaired(t, { kind: "slow", delayMs: 1_000 });
  assert.equal(await statusOf(`${url}/ready?deep=1`), 200);
  const order: string[] = [];
  const asked = async (path: string): Promise<void> => {
    assert.equal(await statusOf(`${url}${path}`), 200);
    order.push(path);
  };
  await Promise.all([asked("/orders"), asked("/health"), asked("/ready")]);
  assert.equal(order.at(-1), "/orders");
});

test("memory is taken evenly, and stays", async (t) => {
  const ill = { kind: "leaks", bytes: 96 * MEBIBYTE, overMs: 500 } as const;
  const { url, child } = await impaired(t, ill);
  const before = anonymousBytes(child.pid);
  assert.equal(await statusOf(`${url}/ready`), 200);
  await until("the memory is taken", () => anonymousBytes(child.pid) > before + 90 * MEBIBYTE);
  assert.equal(await statusOf(`${url}/`), 200);
  assert.ok(anonymousBytes(child.pid) < before + 200 * MEBIBYTE);
});

function anonymousBytes(pid: number | undefined): number {
  const line = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1_024;
}

test("unhealthy after a while, and ready all the same", async (t) => {
  const onset = { when: "ready", afterMs: 200 } as const;
  const { url } = await impaired(t, { kind: "unhealthy" }, { change: { onset } });
  assert.equal(await statusOf(`${url}/ready`), 200);
  await until("it is unhealthy", async () => (await statusOf(`${url}/health`)) === 503);
  assert.equal(await statusOf(`${url}/ready`), 200);
});

test("grey between being told to begin and to end", async (t) => {
  const onset = { when: "told", token: "t4711" } as const;
  const { url } = await impaired(t, { kind: "errors", ratio: 1 }, { change: { onset } });
  assert.equal(await statusOf(`${url}/ready`), 200);
  assert.deepEqual(await statuses(`${url}/`, 3), [200, 200, 200]);
  assert.equal(await statusOf(`${url}${orderPath("t4711", "begin")}`), 200);
  assert.deepEqual(await statuses(`${url}/`, 3), [500, 500, 500]);
  assert.equal(await statusOf(`${url}/ready`), 200);
  await statusOf(`${url}${orderPath("other", "end")}`);
  assert.equal(await statusOf(`${url}/`), 500, "only its own token ends it");
  assert.equal(await statusOf(`${url}${orderPath("t4711", "end")}`), 200);
  assert.deepEqual(await statuses(`${url}/`, 3), [200, 200, 200]);
});

test("the one that is spared works, whatever the others do", async (t) => {
  const { url } = await impaired(t, { kind: "exits" }, { change: { spares: "web-3" } });
  assert.deepEqual(await statuses(`${url}/`, 3), [200, 200, 200]);
  const other = await impaired(
    t,
    { kind: "exits" },
    { change: { spares: "web-31" }, waits: false },
  );
  assert.equal((await other.ended).code, 1);
});

const HEALTHY: Ill = { kind: "errors", ratio: 0 };
const BOTH: Readonly<Record<string, Given>> = {
  "through HTTP": {},
  "byte by byte": { change: { spares: "web-3" } },
};

for (const [how, given] of Object.entries(BOTH)) {
  test(`passes on what it is given, ${how}`, async (t) => {
    const { url, port } = await impaired(t, HEALTHY, given);
    await t.test("method, path, headers twice over, a body without a length", async () => {
      const answer = await fetch(`${url}/a%20b?c=d`, {
        method: "PUT",
        headers: { "x-one": "1", Authorization: "Bearer x" },
        body: new Blob([new Uint8Array(3 * MEBIBYTE)]).stream(),
        duplex: "half",
      });
      const told: { method: string; path: string; rawHeaders: string[]; bytes: number } =
        JSON.parse(await answer.text());
      assert.deepEqual([told.method, told.path, told.bytes], ["PUT", "/a%20b?c=d", 3 * MEBIBYTE]);
      assert.ok(told.rawHeaders.includes("Bearer x"));
      assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
    });
    await t.test("an answer without a body", async () => {
      const answer = await fetch(`${url}/`, { method: "HEAD" });
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), "");
    });
    await t.test("a stream, as it comes", async () => {
      const chunks: string[] = [];
      const sent = request(`${url}/sse`).end();
      const [answer] = await once(sent, "response");
      for await (const chunk of answer) chunks.push(String(chunk));
      assert.deepEqual(chunks, ["data: first\n\n", "data: last\n\n"]);
    });
    await t.test("an upgraded connection", async () => {
      const socket = connect(port, "127.0.0.1");
      socket.write(
        "GET /upgrade HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
      );
      await once(socket, "data");
      socket.write("there and back");
      const [echoed] = await once(socket, "data");
      assert.equal(String(echoed), "there and back");
      socket.destroy();
    });
  });

  test(`ends as the command does, ${how}`, async (t) => {
    const exits = await impaired(t, HEALTHY, given);
    await assert.rejects(statusOf(`${exits.url}/exit`));
    assert.deepEqual(await exits.ended, { code: 3, signal: null });
    const killed = await impaired(t, HEALTHY, given);
    await assert.rejects(statusOf(`${killed.url}/kill`));
    assert.deepEqual(await killed.ended, { code: null, signal: "SIGKILL" });
  });

  test(`a signal to the group reaches the command once, ${how}`, async (t) => {
    const one = await impaired(t, HEALTHY, given);
    process.kill(-(one.child.pid ?? 0), "SIGTERM");
    assert.deepEqual(await one.ended, { code: 7, signal: null });
    assert.match(one.printed(), /heard 1 SIGTERM/);
  });
}
