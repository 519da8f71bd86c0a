import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aSystem } from "./declarations.ts";
import { outcomeOf, rehearse, type Ended, type Rehearsal } from "./rehearsal.ts";

const BEFORE = `sentinel-${process.pid}-before`;
const AFTER = `sentinel-${process.pid}-after`;

/** Everything a person or a machine may read; what each prints is searched for the secret. */
const READERS = [
  ["status"],
  ["status", "--json"],
  ["plan"],
  ["plan", "--json"],
  ["explain"],
  ["explain", "--json"],
  ["check"],
  ["check", "--json"],
  ["events"],
  ["events", "--json"],
  ["logs"],
  ["doctor"],
  ["drill", "--list"],
] as const;

/** How each provider is declared, and how its value is put where it is asked for. */
const PROVIDERS = {
  env: '"env"',
  dotenv: '"dotenv:.env.production"',
  files: '"files:secrets"',
  command: '{ command: ["node", "vault.mjs", "prod/{name}"] }',
};
type ProviderName = keyof typeof PROVIDERS;

test("a secret is in no output, file, log or argument, whoever provides it", async (t) => {
  for (const provider of ["env", "dotenv", "files", "command"] as const) {
    await t.test(provider, async () => {
      await using house = await aHouse(provider);
      await house.put(BEFORE);
      assert.equal((await house.run(["up", "--json"])).code, 0, house.printed.join("\n"));
      await searchWhatLies(house);
      await house.put(AFTER);
      const rotated = await house.run(["deploy", "--json"]);
      assert.equal(rotated.code, 0, rotated.stderr + rotated.stdout);
      assert.equal(await tokenAt(house), digest(AFTER), "the new value is served");
      if (provider === "command") await house.run(["drill", "kill-instance", "--json"]);
      // What reads asks no provider; the environment is the one that is there all the same.
      const readers = provider === "env" || provider === "command" ? READERS : [["plan"]];
      for (const args of readers) await house.run(args);
      await searchWhatLies(house);
      await house.run(["down", "--yes", "--json"]);
      assert.deepEqual(leaksIn(house.printed.join("\n")), [], "a value was printed");
    });
  }
});

test("the search finds a value that is planted in each place it looks", async () => {
  await using house = await aHouse("env");
  await house.put(BEFORE);
  const web = { env: `{ TOKEN: secret("TOKEN"), COPY: "${BEFORE}" }`, build: "./apps/keeper" };
  await house.rehearsal.write("system.ts", withSecrets(aSystem(web), "env"));
  assert.equal((await house.run(["up"])).code, 0, house.printed.join("\n"));
  await house.run(["explain"]);
  assert.deepEqual(leaksIn(house.printed.join("\n")), [BEFORE], "in what is printed");
  const files = await filesWith(house.rehearsal.state, BEFORE);
  assert.notEqual(files.filter((path) => !isKept(path)).length, 0, "in what is written");
  assert.deepEqual(leaksIn("x\0".concat(AFTER)), [AFTER]);
});

test("a rotation is a roll: no request fails, and the plan says which version", async () => {
  await using house = await aHouse("dotenv");
  await house.put(BEFORE);
  assert.equal((await house.run(["up"])).code, 0, house.printed.join("\n"));
  await house.put(AFTER);
  const plan = await house.run(["plan"]);
  assert.match(plan.stdout, /TOKEN.*1.*2/, plan.stdout);
  const rotated = await house.run(["up", "--json"]);
  const outcome = JSON.stringify(outcomeOf(rotated));
  assert.match(outcome, /"failed":\{"safe":0,"idempotent":0,"unsafe":0,"stream":0\}/);
  assert.match(outcome, /"outcome":"done"/);
  assert.equal(await tokenAt(house), digest(AFTER));
  assert.equal((await house.run(["up", "--json"])).code, 0);
  const back = await house.run(["rollback", "--json"]);
  assert.equal(back.code, 0, back.stderr);
  assert.equal(await tokenAt(house), digest(BEFORE), "a release goes with its secrets");
});

test("a secret that is missing, open to others or refused stops before anything runs", async () => {
  await using house = await aHouse("dotenv");
  const absent = await house.run(["up"]);
  assert.equal(absent.code, 1, absent.stderr);
  assert.match(absent.stderr, /TOKEN.*cannot be read/);
  await house.put(BEFORE);
  await chmod(join(house.rehearsal.folder, ".env.production"), 0o644);
  const open = await house.run(["up"]);
  assert.equal(open.code, 1, open.stderr);
  assert.match(open.stderr, /chmod 600/);
  assert.match((await house.run(["status"])).stdout, /nothing runs/);
  assert.deepEqual(leaksIn(house.printed.join("\n")), []);
});

interface House extends AsyncDisposable {
  readonly rehearsal: Rehearsal;
  /** All that was printed so far. */
  readonly printed: string[];
  /** Lays the value where the provider finds it; it is in no file of the system's own folder. */
  put(value: string): Promise<void>;
  run(args: readonly string[]): Promise<Ended>;
}

async function aHouse(provider: ProviderName): Promise<House> {
  const web = { env: `{ TOKEN: secret("TOKEN") }`, build: "./apps/keeper" };
  const text = withSecrets(aSystem(web), provider);
  const rehearsal = await rehearse({ "system.ts": text, "vault.mjs": VAULT });
  let env: Readonly<Record<string, string>> = {};
  const printed: string[] = [];
  const secretFile = async (path: string, value: string): Promise<void> => {
    const full = join(rehearsal.folder, path);
    await mkdir(join(full, ".."), { recursive: true, mode: 0o700 });
    await writeFile(full, value, { mode: 0o600 });
  };
  return {
    rehearsal,
    printed,
    put: async (value) => {
      if (provider === "env") env = { TOKEN: value };
      if (provider === "dotenv") await secretFile(".env.production", `TOKEN=${value}\n`);
      if (provider === "files") await secretFile("secrets/TOKEN", `${value}\n`);
      if (provider === "command") await secretFile("vault.txt", value);
    },
    run: async (args) => {
      const ended = await rehearsal.run(args, { env });
      printed.push(ended.stdout, ended.stderr);
      return ended;
    },
    [Symbol.asyncDispose]: async () => await rehearsal[Symbol.asyncDispose](),
  };
}

const VAULT = `import { readFileSync } from "node:fs";
if (process.argv[2] !== "prod/TOKEN") process.exit(2);
process.stdout.write(readFileSync("vault.txt"));
`;

function withSecrets(text: string, provider: ProviderName): string {
  const imports = text.replace("service }", "secret, service }");
  return imports.replace(
    "edge: edge(",
    `secrets: { from: [${PROVIDERS[provider]}] },\n  edge: edge(`,
  );
}

/** Files of the state and the sockets' folder, and every process's arguments and environment. */
async function searchWhatLies({ rehearsal }: House): Promise<void> {
  for (const value of [BEFORE, AFTER]) {
    const folders = [rehearsal.state, join(rehearsal.folder, "..", "run")];
    const holders = (await Promise.all(folders.map((path) => filesWith(path, value)))).flat();
    assert.deepEqual(
      holders.filter((path) => !isKept(path)),
      [],
      "a value lies in a file",
    );
  }
  for (const { argv, environment, name } of await processes()) {
    assert.deepEqual(leaksIn(argv), [], `a value is an argument of ${name}`);
    // An instance is given its secret; nobody else is.
    const isInstance = environment.includes("SEAWORTHY_INSTANCE=web-");
    const isOurs = environment.includes("SEAWORTHY_OWNER=");
    if (isOurs && !isInstance) assert.deepEqual(leaksIn(environment), [], `${name} has it`);
  }
}

/** The one file (0600) that says what a release's versions mean. */
function isKept(path: string): boolean {
  return path.endsWith("/secrets.json");
}

function leaksIn(text: string): readonly string[] {
  return [BEFORE, AFTER].filter((value) => text.includes(value));
}

interface Seen {
  readonly name: string;
  readonly argv: string;
  readonly environment: string;
}

async function processes(): Promise<readonly Seen[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const read = async (pid: string, file: string): Promise<string> =>
    await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  return await Promise.all(
    pids.map(async (pid) => ({
      name: pid,
      argv: await read(pid, "cmdline"),
      environment: await read(pid, "environ"),
    })),
  );
}

async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(text)) found.push(path);
  }
  return found;
}

async function tokenAt({ rehearsal }: House): Promise<string> {
  const status = await rehearsal.run(["status", "--json"]);
  const shown: { edge: readonly string[] } = JSON.parse(status.stdout);
  return await (await fetch(`${shown.edge[0] ?? ""}/token`)).text();
}

function digest(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}
