import { readFile, stat, statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { assertNever } from "@seaworthy/std/assert";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { SecretName, SecretProvider } from "../system/system.ts";
import { askCommand } from "../targets/ask-command.ts";

const GROUP_OR_OTHERS = 0o077;
const WRITE_OF_OTHERS = 0o022;
/** TMPFS_MAGIC of statfs(2): where Docker and Kubernetes mount secrets, readable by all. */
const TMPFS = 0x0102_1994;
/** A vault over a network, with somebody's finger on a key. */
const COMMAND_MS = 30_000;
/** One environment value may have 128 KiB (MAX_ARG_STRLEN, execve(2)). */
const SECRET_BYTES_MAX = 65_536;
/** Replaced in each argument of a command by the secret's name. */
const NAME = "{name}";

interface Surroundings {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type Resolver = (name: SecretName) => Promise<Result<string, string>>;
/** `undefined`: this provider does not know the name, and the next one is asked. */
type Answer = Result<string | undefined, string>;

/**
 * Asks the declared providers in order; the first that knows the name answers, once for the life
 * of this process. Refusals name the secret and where it was looked for, never a value.
 */
export function secretResolver(
  providers: readonly SecretProvider[],
  surroundings: Surroundings,
): Resolver {
  const asked = new Map<SecretName, ReturnType<Resolver>>();
  return (name) => {
    const known = asked.get(name);
    if (known !== undefined) return known;
    // One value in one operation, and no vault is asked twice.
    const answer = askAll(providers, name, surroundings);
    asked.set(name, answer);
    return answer;
  };
}

async function askAll(
  providers: readonly SecretProvider[],
  name: SecretName,
  surroundings: Surroundings,
): Promise<Result<string, string>> {
  for (const provider of providers) {
    const answer = await ask(provider, name, surroundings);
    if (!answer.ok) return refuse(`secret ${name}: ${answer.error}`);
    if (answer.value !== undefined) return usable(name, answer.value, provider);
  }
  const looked = providers.map(providerText).join(", ") || "no provider";
  return refuse(`secret ${name} is nowhere: looked in ${looked}`);
}

/** An empty value is a mistake that a program would notice too late. */
function usable(name: SecretName, value: string, provider: SecretProvider): Result<string, string> {
  const from = `secret ${name} from ${providerText(provider)}`;
  if (value === "") return refuse(`${from} is empty`);
  if (value.includes("\0")) return refuse(`${from} holds a NUL, which no environment can`);
  if (Buffer.byteLength(value) > SECRET_BYTES_MAX) {
    return refuse(`${from} has more than ${SECRET_BYTES_MAX} bytes`);
  }
  return ok(value);
}

async function ask(
  provider: SecretProvider,
  name: SecretName,
  { folder, environment }: Surroundings,
): Promise<Answer> {
  switch (provider.kind) {
    case "env":
      return ok(environment[name]);
    case "dotenv":
      return await fromDotenv(resolve(folder, provider.path), name);
    case "files":
      return await fromFile(join(resolve(folder, provider.folder), name));
    case "command": {
      const [program, ...args] = provider.argv;
      const named = args.map((argument) => argument.replaceAll(NAME, name));
      const limits = { timeoutMs: COMMAND_MS, bytesMax: SECRET_BYTES_MAX };
      return await askCommand({ argv: [program, ...named], cwd: folder, environment, ...limits });
    }
    default:
      return assertNever(provider);
  }
}

async function fromDotenv(path: string, name: SecretName): Promise<Answer> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return refuse(`${path} (secrets.from) cannot be read`);
  if ((stats.mode & GROUP_OR_OTHERS) !== 0) return refuse(openToOthers(path));
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return refuse(`${path} (secrets.from) cannot be read`);
  for (const line of text.split("\n")) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1] === name) return ok(unquoted(match[2] ?? ""));
  }
  return ok(undefined);
}

/** A file's whole text, without the last line break. No file: this provider does not know it. */
async function fromFile(path: string): Promise<Answer> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return ok(undefined);
  if (!stats.isFile()) return refuse(`${path} is no file`);
  if (stats.size > SECRET_BYTES_MAX) return refuse(`${path} is larger than ${SECRET_BYTES_MAX} B`);
  const isMounted = (await statfs(path)).type === TMPFS;
  const shut = isMounted ? WRITE_OF_OTHERS : GROUP_OR_OTHERS;
  if ((stats.mode & shut) !== 0) return refuse(openToOthers(path));
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return refuse(`${path} cannot be read`);
  return ok(text.replace(/\r?\n$/, ""));
}

function openToOthers(path: string): string {
  return `${path} may be read or written by others; chmod 600 ${path}`;
}

function unquoted(text: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  return quoted?.[2] ?? text;
}

/** Arguments of a command may hold what should not be repeated. */
function providerText(provider: SecretProvider): string {
  switch (provider.kind) {
    case "env":
      return "env";
    case "dotenv":
      return `dotenv:${provider.path}`;
    case "files":
      return `files:${provider.folder}`;
    case "command":
      return `command ${provider.argv[0]}`;
    default:
      return assertNever(provider);
  }
}
