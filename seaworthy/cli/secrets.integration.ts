import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { secretResolver } from "./secrets.ts";

test("the first provider that knows a name answers; an open file is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "seaworthy-secrets-"));
  try {
    const file = join(folder, ".env.production");
    await writeFile(file, "# comment\nexport TOKEN='from file'\nOTHER=plain\n", { mode: 0o600 });
    const resolve = secretResolver([{ kind: "env" }, { kind: "dotenv", path: ".env.production" }], {
      folder,
      environment: { TOKEN: "from env" },
    });
    assert.deepEqual(await resolve("TOKEN"), { ok: true, value: "from env" });
    assert.deepEqual(await resolve("OTHER"), { ok: true, value: "plain" });
    const missing = await resolve("NOWHERE");
    assert.ok(!missing.ok && /env, dotenv:\.env\.production/.test(missing.error));
    await chmod(file, 0o644);
    const open = await resolve("OTHER");
    assert.ok(
      !open.ok && /may be read by others/.test(open.error) && !open.error.includes("plain"),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
