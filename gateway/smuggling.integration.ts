import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { Recorder, type Recorded } from "./recorder.fixture.ts";
import { aConfig, eventually, TestGateway } from "./rig.fixture.ts";
import { SMUGGLING_CASES, type SmugglingCase } from "./smuggling-corpus.fixture.ts";

/** At a time: each refused body is read on for up to two seconds. */
const AT_ONCE = 16;

interface Seen {
  readonly text: string;
  /** The gateway closed the connection. */
  readonly isClosed: boolean;
}

/** Sends the bytes and stays until the other side closes, or until `answers` answers are here. */
function talk({ port, limitMs }: Place, bytes: string, answers: number): Promise<Seen> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    const limit = AbortSignal.timeout(limitMs);
    const settle = (isClosed: boolean): void => {
      resolve({ text, isClosed });
      socket.destroy();
    };
    limit.addEventListener("abort", () => settle(false));
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (answers > 0 && text.split("\r\n\r\nok").length > answers) settle(false);
    });
    socket.on("error", () => {});
    socket.on("close", () => settle(true));
  });
}

function hasPath({ line }: Recorded, path: string): boolean {
  return (line.split(" ")[1] ?? "").endsWith(path);
}

async function check(one: SmugglingCase, at: number, place: Place): Promise<string | undefined> {
  const path = `/case-${at}`;
  const bytes = one.bytes.replaceAll("PATH", path);
  const { text, isClosed } = await talk(place, bytes, one.meant.length);
  const reached = place.recorder.requests.filter((request) => hasPath(request, path));
  const about = `${one.name}: ${JSON.stringify(text.slice(0, 120))}`;
  if (one.meant.length === 0) {
    if (!/^HTTP\/1\.1 (4\d\d|501|505) /.test(text)) return `${about}: not refused`;
    if (text.includes("\r\n\r\nok")) return `${about}: answered besides`;
    if (!isClosed) return `${about}: not closed`;
    return reached.length === 0 ? undefined : `${about}: reached the service`;
  }
  const bodies = reached.map(({ body }) => body);
  if (JSON.stringify(bodies) !== JSON.stringify(one.meant)) {
    return `${about}: the service saw ${JSON.stringify(bodies)}`;
  }
  const foreign = reached.flatMap(({ headers }) =>
    headers.filter(([name]) => ["x-trailer", "content_length", "transfer_encoding"].includes(name)),
  );
  return foreign.length === 0 ? undefined : `${about}: ${JSON.stringify(foreign)} was passed on`;
}

interface Place {
  readonly port: number;
  /** How long an answer and the end of the connection are waited for. */
  readonly limitMs: number;
  readonly recorder: Recorder;
}

async function checkAll(cases: readonly SmugglingCase[], place: Place): Promise<readonly string[]> {
  const complaints: string[] = [];
  const left = [...cases.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const complaint = await check(next[1], next[0], place);
      if (complaint !== undefined) complaints.push(complaint);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return complaints;
}

test(`${SMUGGLING_CASES.length} ways to hide a request: refused, or read as meant`, async () => {
  await using recorder = await Recorder.start();
  await using gateway = await TestGateway.start();
  const endpoints = [{ id: "a1", port: recorder.port }];
  await gateway.apply(aConfig({ endpoints, timeouts: { headerMs: 2_000, bodyMs: 2_000 } }));
  await gateway.untilHealthy("a1");
  const place = { port: await gateway.port("public"), limitMs: 20_000, recorder };
  assert.deepEqual(await checkAll(SMUGGLING_CASES, place), []);
  assert.ok(SMUGGLING_CASES.length >= 60);
  const smuggled = recorder.requests.filter(({ line }) => line.includes("smuggled"));
  assert.deepEqual(smuggled, [], "a smuggled request was read as one");
  assert.deepEqual(recorder.nonsense, [], "the gateway wrote what is no HTTP/1.1");
  // A connection on which a request stayed unfinished is never used for another one.
  await eventually("the service to be asked again", async () =>
    (await gateway.status()).endpoints[0]?.health === "healthy" ? true : undefined,
  );
  for (const left of recorder.unfinished) assert.ok(!left.includes("HTTP/1.1\r\nHost"), left);
});

test("the same bytes without the gateway do hide requests, and the check says so", async () => {
  await using recorder = await Recorder.start();
  const some = SMUGGLING_CASES.filter(({ name }) => / TE "(xchunked|gzip)"$/.test(name));
  assert.equal(some.length, 2);
  const place = { port: recorder.port, limitMs: 1_000, recorder };
  const complaints = await checkAll(some, place);
  assert.equal(complaints.length, 2);
  assert.ok(recorder.requests.some(({ line }) => line.includes("smuggled")));
  await checkAll(SMUGGLING_CASES.slice(0, 2), place);
  assert.ok(recorder.nonsense.length > 0);
});
