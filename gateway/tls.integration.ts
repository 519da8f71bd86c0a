import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { Agent } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { selfSigned, type SelfSigned } from "@seaworthy/std/self-signed";
import type { TlsConfig } from "./config.ts";
import { aConfig, echo, eventually, send, sendRaw, TestGateway } from "./rig.fixture.ts";

const DAY_MS = 86_400_000;

function aPair(host = "127.0.0.1", lastsMs = 30 * DAY_MS): SelfSigned {
  const nowMs = Date.now();
  return selfSigned({
    hosts: [host, "127.0.0.1"],
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + lastsMs,
  });
}

/** Both files of a listener, in the gateway's own folder. */
class Files implements TlsConfig {
  readonly certificateFile: string;
  readonly keyFile: string;

  constructor(gateway: TestGateway, name = "edge") {
    this.certificateFile = join(gateway.folder, `${name}.pem`);
    this.keyFile = join(gateway.folder, `${name}.key`);
  }

  get config(): TlsConfig {
    const { certificateFile, keyFile } = this;
    return { certificateFile, keyFile };
  }

  async write({ certificate, key }: SelfSigned): Promise<void> {
    await replace(this.keyFile, key);
    await replace(this.certificateFile, certificate);
  }
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function handshake(port: number, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** The name in the certificate that a new handshake is shown. */
async function nameShown(port: number): Promise<string> {
  const socket = await handshake(port);
  const { subject } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return subject?.replace("CN=", "") ?? "";
}

async function untilShown(port: number, name: string): Promise<void> {
  await eventually(`handshakes to show ${name}`, async () =>
    (await nameShown(port)) === name ? true : undefined,
  );
}

/** A gateway that serves `pair`, with one service behind it. */
async function serving(gateway: TestGateway, pair: SelfSigned, appPort: number): Promise<Files> {
  const files = new Files(gateway);
  await files.write(pair);
  const endpoints = [{ id: "a1", port: appPort }];
  await gateway.apply(aConfig({ endpoints, tls: files.config, timeouts: { headerMs: 1_000 } }));
  await gateway.untilHealthy("a1");
  return files;
}

/** What of the files can be in no text that leaves the gateway. */
function secretLines({ key }: SelfSigned): readonly string[] {
  return key.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"));
}

test("serves HTTPS from two files: TLS 1.2 and 1.3, and says so to the service", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const files = new Files(gateway);
  const pair = aPair();
  await files.write(pair);
  const status = await gateway.apply(
    aConfig({ endpoints: [{ id: "a1", port: app.port }], tls: files.config }),
  );
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const got = await send(port, { ca: pair.certificate, headers: { "x-forwarded-proto": "http" } });
  assert.equal(got.status, 200);
  const { headers } = JSON.parse(got.body);
  assert.equal(headers["x-forwarded-proto"], "https");
  assert.match(headers.forwarded, /proto=https/);
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const socket = await handshake(port, {
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    assert.equal(socket.getProtocol(), version);
    assert.equal(socket.alpnProtocol, "http/1.1");
    assert.match(socket.getCipher().name, /GCM|POLY1305/);
    socket.destroy();
  }
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" };
  await assert.rejects(handshake(port, old));
  await assert.rejects(handshake(port, { ALPNProtocols: ["h2"] }));
  await assert.rejects(
    handshake(port, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" }),
  );
  assert.equal(
    await sendRaw(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "",
    "no answer in the clear",
  );
  const [, failed] = /tls_handshakes_failed_total (\d+)/.exec(await gateway.metrics()) ?? [];
  assert.ok(Number(failed) >= 4, `${failed} handshakes failed`);
  const inner = status.listeners.find((one) => one.name === "inner");
  assert.equal(inner?.certificate, undefined);
  const shown = status.listeners.find((one) => one.name === "public")?.certificate?.notAfter;
  assert.ok(Math.abs(Date.parse(shown ?? "") - (Date.now() + 30 * DAY_MS)) < DAY_MS);
  const seconds = Date.parse(shown ?? "") / 1_000;
  const metric = `certificate_expiry_seconds{listener="public"} ${seconds}`;
  assert.ok((await gateway.metrics()).includes(metric), metric);
});

test("a pair that does not load or match is refused, and what was applied stays", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const good = aPair("good.example");
  const other = aPair("other.example");
  const files = await serving(gateway, good, app.port);
  const port = await gateway.port("public");
  const bad = new Files(gateway, "bad");
  const endpoints = [{ id: "a1", port: app.port }];
  const { certificate, key } = good;
  for (const [what, pair, message] of [
    ["another's key", { certificate, key: other.key }, /bad\.key is not the key of the certifi/],
    ["no key", { certificate, key: "" }, /bad\.key holds no PEM private key/],
    ["no certificate", { certificate: "", key }, /bad\.pem holds no whole PEM certificate/],
    [
      "a cut certificate",
      { certificate: certificate.slice(0, 300), key },
      /bad\.pem holds no whole/,
    ],
    [
      "a cut chain",
      { certificate: certificate + other.certificate.slice(0, 300), key },
      /bad\.pem/,
    ],
    ["a cut key", { certificate, key: key.slice(0, 100) }, /bad\.key does not load: ERR_OSSL/],
    [
      "an encrypted key",
      { certificate, key: key.replace("PRIVATE", "ENCRYPTED PRIVATE") },
      /is encr/,
    ],
  ] as const) {
    await bad.write(pair);
    const config = aConfig({ generation: 2, endpoints, tls: bad.config });
    const reply = await gateway.ask({ op: "apply", config });
    assert.ok(!reply.ok, what);
    assert.match(reply.error, message, what);
    for (const line of secretLines(pair)) assert.ok(!reply.error.includes(line), what);
    assert.equal(await nameShown(port), "good.example", what);
  }
  const gone = { certificateFile: "/nowhere/a.pem", keyFile: files.keyFile };
  const reply = await gateway.ask({
    op: "apply",
    config: aConfig({ generation: 2, endpoints, tls: gone }),
  });
  assert.ok(!reply.ok);
  assert.match(reply.error, /\/nowhere\/a\.pem cannot be read: ENOENT/);
  assert.equal((await gateway.status()).generation, 1);
  const kept = await readFile(join(gateway.folder, "state", "gateway.json"), "utf8");
  const said = kept + gateway.log + JSON.stringify(await gateway.status());
  for (const line of [...secretLines(good), ...secretLines(other)]) {
    assert.ok(!said.includes(line), "a key in the state, the log or the status");
  }
});

test("files that change are served to new handshakes; nothing open notices or fails", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const before = aPair("before.example");
  const after = aPair("after.example");
  const files = await serving(gateway, before, app.port);
  const port = await gateway.port("public");
  const both = before.certificate + after.certificate;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const kept = await handshake(port);
  let isLoading = true;
  const failed: unknown[] = [];
  let sent = 0;
  const load = async (ask: () => Promise<{ status: number }>): Promise<void> => {
    while (isLoading) {
      sent += 1;
      await ask().then(
        ({ status }) => (status === 200 ? undefined : failed.push(status)),
        (error: unknown) => failed.push(error),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const loads = [load(() => send(port, { ca: both })), load(() => send(port, { ca: both, agent }))];
  await files.write(after);
  await untilShown(port, "after.example");
  for (let turn = 0; turn < 3; turn += 1) {
    assert.ok((await gateway.ask({ op: "handover", drainMs: 20_000 })).ok);
    assert.equal(await nameShown(port), "after.example", "the next worker shows it at once");
  }
  await files.write(before);
  await untilShown(port, "before.example");
  isLoading = false;
  await Promise.all(loads);
  agent.destroy();
  assert.deepEqual(failed, []);
  assert.ok(sent > 100, `${sent} requests`);
  kept.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const [answer] = await once(kept, "data");
  assert.match(String(answer), /^HTTP\/1\.1 200/);
  kept.destroy();
});

test("half-written files keep the pair before, through a dead worker and a handover", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const before = aPair("before.example");
  const after = aPair("after.example");
  const files = await serving(gateway, before, app.port);
  const port = await gateway.port("public");
  assert.match(await gateway.metrics(), /tls_files_refused\{listener="public"\} 0/);
  await replace(files.certificateFile, after.certificate);
  const problem = await eventually("the refusal to be told", async () => {
    const { listeners } = await gateway.status();
    return listeners.find((one) => one.name === "public")?.certificate?.problem;
  });
  assert.match(problem, /edge\.key is not the key of the certificate/);
  assert.match(await gateway.metrics(), /tls_files_refused\{listener="public"\} 1/);
  assert.equal(await nameShown(port), "before.example");
  const { workerPid } = await gateway.status();
  process.kill(workerPid, "SIGKILL");
  assert.equal(await nameShown(port), "before.example");
  assert.ok((await gateway.ask({ op: "handover", drainMs: 1_000 })).ok);
  assert.equal(await nameShown(port), "before.example");
  await replace(files.keyFile, after.key);
  await untilShown(port, "after.example");
  await eventually("the problem to be over", async () => {
    const { listeners } = await gateway.status();
    return listeners.some((one) => one.certificate?.problem !== undefined) ? undefined : true;
  });
  const refusals = gateway.log.split("\n").filter((line) => line.includes("certificate-refused"));
  assert.equal(refusals.length, 1, "told once, not each second");
});

test("a holder that follows one that died serves the pair that its worker had", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const pair = aPair("edge.example");
  const files = await serving(gateway, pair, app.port);
  const port = await gateway.port("public");
  await rm(files.keyFile);
  const { workerPid, holderPid } = await gateway.status();
  gateway.holder.kill("SIGKILL");
  await gateway.heir(holderPid);
  const { listeners } = await gateway.status();
  const { certificate } = listeners.find((one) => one.name === "public") ?? {};
  assert.match(certificate?.problem ?? "", /edge\.key cannot be read: ENOENT/);
  assert.ok(Date.parse(certificate?.notAfter ?? "") > Date.now(), "it knows what is served");
  assert.equal(await nameShown(port), "edge.example");
  process.kill(workerPid, "SIGKILL");
  assert.equal(await nameShown(port), "edge.example", "the next worker was given it");
});

test("a gateway started with unreadable files serves the inside, and mends itself", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const pair = aPair("edge.example");
  const files = await serving(gateway, pair, app.port);
  const port = await gateway.port("public");
  await rm(files.keyFile);
  gateway.holder.kill("SIGTERM");
  await once(gateway.holder, "exit");
  await gateway.startAgain();
  await gateway.untilHealthy("a1");
  assert.equal((await send(await gateway.port("inner"))).status, 200);
  await assert.rejects(nameShown(port));
  const { listeners } = await gateway.status();
  const { certificate } = listeners.find((one) => one.name === "public") ?? {};
  assert.equal(certificate?.notAfter, undefined);
  assert.match(certificate?.problem ?? "", /edge\.key cannot be read: ENOENT/);
  await replace(files.keyFile, pair.key);
  await eventually("handshakes", () => nameShown(port).catch(() => undefined));
  assert.equal((await send(port, { ca: pair.certificate })).status, 200);
});

test("from its last second fresh handshakes fail, open ones do not; a swap mends it", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const soon = aPair("edge.example", 5_000);
  const files = await serving(gateway, soon, app.port);
  const port = await gateway.port("public");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const fresh = (ca: string): Promise<unknown> => send(port, { ca });
  assert.equal((await send(port, { ca: soon.certificate, agent })).status, 200);
  assert.equal((await send(port, { ca: soon.certificate })).status, 200);
  const { listeners } = await gateway.status();
  const notAfter = listeners.find((one) => one.name === "public")?.certificate?.notAfter ?? "";
  const refusal = await eventually("a fresh handshake to fail", () =>
    fresh(soon.certificate).then(
      () => undefined,
      (error: Error & { code?: string }) => error,
    ),
  );
  assert.equal(refusal.code, "CERT_HAS_EXPIRED");
  assert.ok(Date.now() >= Date.parse(notAfter), "not before the second that status named");
  assert.equal((await send(port, { ca: soon.certificate, agent })).status, 200);
  const next = aPair("edge.example");
  await files.write(next);
  await eventually("fresh handshakes again", () =>
    fresh(next.certificate).then(
      () => true,
      () => undefined,
    ),
  );
  assert.equal((await send(port, { ca: soon.certificate, agent })).status, 200);
  agent.destroy();
});

test("a handshake that does not come, and a silent connection, are closed", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  await serving(gateway, aPair(), app.port);
  const port = await gateway.port("public");
  assert.equal(await sendRaw(port, ""), "");
  const silent = await handshake(port);
  silent.write("GET / HTTP/1.1\r\nHost: a\r\nX-Slow");
  const [answer] = await once(silent, "data");
  assert.match(String(answer), /^HTTP\/1\.1 408 /);
  silent.destroy();
  await eventually("all to be closed", async () =>
    /connections\{listener="public"\} 0/.test(await gateway.metrics()) ? true : undefined,
  );
});

test("a connection that shook hands and says nothing is idle, not late", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const files = new Files(gateway);
  await files.write(aPair());
  const endpoints = [{ id: "a1", port: app.port }];
  const timeouts = { headerMs: 500, keepAliveMs: 3_000 };
  await gateway.apply(aConfig({ endpoints, tls: files.config, timeouts }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const late = await handshake(port);
  const silent = await handshake(port);
  const heard: Buffer[] = [];
  silent.on("data", (chunk: Buffer) => heard.push(chunk));
  const closed = once(silent, "close");
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  late.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const [answer] = await once(late, "data");
  assert.match(String(answer), /^HTTP\/1\.1 200/);
  late.destroy();
  await closed;
  assert.deepEqual(heard, [], "closed without a word");
});

test("over a limit of connections the answer comes over TLS too", async () => {
  await using app = await echo();
  await using gateway = await TestGateway.start();
  const files = new Files(gateway);
  const pair = aPair();
  await files.write(pair);
  const endpoints = [{ id: "a1", port: app.port }];
  await gateway.apply(aConfig({ endpoints, tls: files.config, limits: { connections: 1 } }));
  await gateway.untilHealthy("a1");
  const port = await gateway.port("public");
  const first = await handshake(port);
  const told = await send(port, { ca: pair.certificate });
  assert.equal(told.status, 503);
  assert.equal(JSON.parse(told.body).error.code, "connections");
  first.destroy();
});
