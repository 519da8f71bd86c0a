import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { selfSigned } from "@seaworthy/std/self-signed";
import type { EdgeParts, FrontPlace } from "./edge-parts.ts";
import { goldens, partsOf } from "./golden.fixture.ts";
import { renderHaproxy } from "./haproxy/haproxy.ts";
import { renderNginx } from "./nginx/nginx.ts";

/** Debian keeps servers where only root's path looks. */
const PATH = [process.env["PATH"], "/usr/sbin", "/sbin"].join(delimiter);

interface Verdict {
  readonly status: number | null;
  readonly said: string;
}

/** What the real program says of these parts; without the program the test fails. */
function judged(provider: "haproxy" | "nginx", parts: EdgeParts): Verdict {
  const folder = mkdtempSync(join(tmpdir(), "sw-accepted-"));
  try {
    const now = Date.now();
    const day = 86_400_000;
    const pair = { hosts: ["localhost"] as const, notBeforeMs: now - day, notAfterMs: now + day };
    const { certificate, key } = selfSigned(pair);
    writeFileSync(join(folder, "edge.pem"), certificate);
    writeFileSync(join(folder, "edge.pem.key"), key);
    const user = userInfo().uid === 0 ? "root" : undefined;
    const place: FrontPlace = { folder, socket: join(folder, "s"), user };
    const file = join(folder, "conf");
    const given = { ...parts, accessLog: join(folder, "log") };
    const render = provider === "haproxy" ? renderHaproxy : renderNginx;
    writeFileSync(file, render(given, place));
    const args = provider === "haproxy" ? ["-c", "-f", file] : ["-t", "-p", folder, "-c", file];
    const options = { encoding: "utf8", env: { PATH }, cwd: folder, timeout: 20_000 } as const;
    const { status, stdout, stderr, error } = spawnSync(provider, args, options);
    if (error !== undefined) throw error;
    return { status, said: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const provider of ["haproxy", "nginx"] as const) {
  for (const { file, declaration } of goldens()) {
    test(`${provider} accepts all of ${file}, without a warning`, () => {
      const { status, said } = judged(provider, partsOf(declaration));
      assert.equal(status, 0, said);
      assert.doesNotMatch(said, /warning|\[warn\]/i);
    });
  }

  test(`${provider} accepts what a declaration may hold at its worst`, () => {
    const parts = partsOf({
      name: "shop",
      services: {
        api: {
          run: { build: "./api", command: ["node", "main.ts"] },
          ready: { path: `/up?it's="fine"&x=$y;{}\\` },
        },
      },
      edge: {
        routes: {
          "/": "api",
          "/a$(b)[c]'d\"e;{f}\\g": { to: "api", idempotent: true },
          "/*.+^": { to: "api", balance: "consistent-hash", hashBy: "cookie:a'b`c|d~e" },
          "/é": { to: "api", balance: "consistent-hash", hashBy: "header:x-user_id" },
        },
      },
    });
    const { status, said } = judged(provider, parts);
    assert.equal(status, 0, said);
  });

  test(`${provider} accepts as many routes as may be declared`, () => {
    const routes = Array.from({ length: 200 }, (_, index) => {
      return [`/route/${index}`, { to: "api", timeout: `${index + 1}s` }] as const;
    });
    const parts = partsOf({
      name: "shop",
      services: { api: { run: { build: "./api", command: ["node", "main.ts"] }, replicas: 3 } },
      edge: { routes: Object.fromEntries(routes) },
    });
    const { status, said } = judged(provider, parts);
    assert.equal(status, 0, said);
  });

  test(`${provider} refuses a broken file, and says where: its word counts`, () => {
    const parts = partsOf({
      name: "shop",
      services: { api: { run: { build: "./api", command: ["node", "main.ts"] } } },
      edge: { routes: { "/": "api" }, trustedProxies: ["10.0.0.0/8"] },
    });
    const { edge } = parts;
    assert.ok(edge !== undefined);
    const { status, said } = judged(provider, {
      ...parts,
      edge: { ...edge, trustedProxies: ["no"] },
    });
    assert.notEqual(status, 0);
    assert.match(said, /:\d+/);
  });
}
