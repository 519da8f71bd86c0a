import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { frontReady } from "../targets/local/edge-program.ts";
import { TargetError } from "../targets/target.ts";
import { providerFindings } from "./edge-provider.ts";
import { asRefusal } from "./failure.ts";

const PATH = process.env["PATH"] ?? "";

async function severities(declared: string | undefined, folder?: string): Promise<string> {
  const environment = { PATH: folder ?? PATH };
  const found = await providerFindings(
    { environment },
    declared,
    folder === undefined ? undefined : [folder],
  );
  return found.map(({ severity }) => severity).join(" ");
}

test("a declared provider that is here is a note, as any other one", async () => {
  assert.equal(await severities("nginx"), "note note");
});

test("one that is not here is an error where it is declared, with what installs it", async () => {
  assert.equal(await severities("nginx", "/nowhere"), "note error");
  assert.equal(await severities(undefined, "/nowhere"), "note note");
  const thrown: unknown = await frontReady("nginx", "/nowhere", []).catch((error) => error);
  const { exitCode, fix } = asRefusal(thrown);
  assert.equal(exitCode, 9);
  assert.match(fix ?? "", /^apt-get install nginx-light, or declare provider: "gateway"$/);
});

test("one that is too old is refused by its version", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sw-old-"));
  try {
    const program = join(folder, "haproxy");
    await writeFile(program, "#!/bin/sh\necho HAProxy version 2.4.22-1 2023/02/14\n");
    await chmod(program, 0o755);
    await assert.rejects(
      frontReady("haproxy", folder, []),
      (error) => error instanceof TargetError && /haproxy 2\.4\.22/.test(error.message),
    );
    assert.equal(await severities("haproxy", folder), "error note");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
