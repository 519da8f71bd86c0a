import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { SecretProvider } from "../system/system.ts";
import { askCommand } from "../targets/ask-command.ts";
import { secretResolver } from "./secrets.ts";

const VALUE = "sentinel-value-7f3a";

interface Place extends AsyncDisposable {
  readonly folder: string;
  ask(providers: readonly SecretProvider[], name?: string): Promise<string>;
}

/** Answers read `= value` or the refusal; a refusal never holds the value. */
async function aPlace(environment: Readonly<Record<string, string>> = {}): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "seaworthy-secrets-"));
  const given = { PATH: process.env["PATH"], ...environment };
  return {
    folder,
    ask: async (providers, name = "TOKEN") => {
      const answer = await secretResolver(providers, { folder, environment: given })(name);
      if (answer.ok) return `= ${answer.value}`;
      assert.ok(!answer.error.includes(VALUE), "a refusal repeats the value");
      return answer.error;
    },
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true }),
  };
}

const env = { kind: "env" } as const;
const dotenv = { kind: "dotenv", path: ".env.production" } as const;
const files = { kind: "files", folder: "secrets" } as const;
const command = (...argv: [string, ...string[]]) => ({ kind: "command", argv }) as const;

test("the first provider that knows a name answers", async () => {
  await using place = await aPlace({ FIRST: "from env" });
  const text = "# comment\nexport TOKEN='from dotenv'\nFIRST=plain\n";
  await writeFile(join(place.folder, dotenv.path), text, { mode: 0o600 });
  await mkdir(join(place.folder, "secrets"));
  await writeFile(join(place.folder, "secrets/THIRD"), "from file\n", { mode: 0o600 });
  const all = [env, dotenv, files];
  assert.equal(await place.ask(all, "FIRST"), "= from env");
  assert.equal(await place.ask(all), "= from dotenv");
  assert.equal(await place.ask(all, "THIRD"), "= from file");
  assert.match(await place.ask(all, "NOWHERE"), /looked in env, dotenv:\.env\.prod.*files:secrets/);
});

test("files that others may read are refused, by name of the way out", async () => {
  await using place = await aPlace();
  const dotfile = join(place.folder, dotenv.path);
  await writeFile(dotfile, `TOKEN=${VALUE}\n`);
  await mkdir(join(place.folder, "secrets"));
  const file = join(place.folder, "secrets/TOKEN");
  await writeFile(file, VALUE);
  for (const [path, provider] of [
    [dotfile, dotenv],
    [file, files],
  ] as const) {
    for (const mode of [0o644, 0o640, 0o604, 0o620]) {
      await chmod(path, mode);
      assert.match(await place.ask([provider]), /chmod 600 /, mode.toString(8));
    }
    await chmod(path, 0o600);
    assert.equal(await place.ask([provider]), `= ${VALUE}`);
  }
});

test("a folder, an empty value, a NUL and too much are no secrets", async () => {
  await using place = await aPlace();
  await mkdir(join(place.folder, "secrets/TOKEN"), { recursive: true });
  assert.match(await place.ask([files]), /is no file/);
  const write = async (name: string, text: string) =>
    await writeFile(join(place.folder, "secrets", name), text, { mode: 0o600 });
  await write("EMPTY", "\n");
  assert.match(await place.ask([files], "EMPTY"), /is empty/);
  await write("NUL", `${VALUE}\0`);
  assert.match(await place.ask([files], "NUL"), /holds a NUL/);
  await write("LARGE", "x".repeat(70_000));
  assert.match(await place.ask([files], "LARGE"), /larger than 65536/);
});

test("a command is asked by argv, once, and its words are not repeated", async () => {
  await using place = await aPlace({ ASKED: "yes" });
  const script = join(place.folder, "vault.mjs");
  const text = `import { appendFileSync } from "node:fs";
    appendFileSync("asked", process.argv[2] + process.env.ASKED + "\\n");
    process.stdout.write("${VALUE} for " + process.argv[2] + "\\n");`;
  await writeFile(script, text);
  const provider = command(process.execPath, script, "op://prod/{name}; echo $HOME");
  const resolve = secretResolver([provider], {
    folder: place.folder,
    environment: { ASKED: "yes" },
  });
  const wanted = { ok: true, value: `${VALUE} for op://prod/TOKEN; echo $HOME` };
  assert.deepEqual(await Promise.all([resolve("TOKEN"), resolve("TOKEN")]), [wanted, wanted]);
  const asked = await readFile(join(place.folder, "asked"), "utf8");
  assert.equal(asked, "op://prod/TOKEN; echo $HOMEyes\n");
});

test("a command that fails, is missing or floods is a refusal, and no other is asked", async () => {
  await using place = await aPlace({ TOKEN: "stale" });
  const node = (code: string) => command(process.execPath, "-e", code, VALUE);
  const fails = `console.log("${VALUE}"); console.error("${VALUE}"); process.exit(3)`;
  assert.match(await place.ask([node(fails), env]), /secret TOKEN: .* ended with 3/);
  assert.match(await place.ask([command("no-such-vault", VALUE)]), /cannot be run: ENOENT/);
  const { error } = await askCommand({
    argv: [process.execPath, "-e", "setInterval(() => {}, 1_000)"],
    ...{ cwd: place.folder, environment: {}, timeoutMs: 200, bytesMax: 10 },
  }).then((answer) => (answer.ok ? { error: "it ended" } : answer));
  assert.match(error, /did not end within 0.2 s/);
  const floods = `setInterval(() => process.stdout.write("x".repeat(60_000)), 1)`;
  assert.match(await place.ask([node(floods)]), /printed more than 65536 bytes/);
});
