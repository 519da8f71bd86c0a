import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { assertNever } from "@seaworthy/std/assert";
import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { SecretName, SecretProvider } from "../system/system.ts";

const GROUP_OR_OTHERS = 0o077;

interface Surroundings {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Asks the declared providers in order; the first that knows the name answers. Refusals name the
 * secret and where it was looked for, never a value.
 */
export function secretResolver(
  providers: readonly SecretProvider[],
  surroundings: Surroundings,
): (name: SecretName) => Promise<Result<string, string>> {
  return async (name) => {
    const looked: string[] = [];
    for (const provider of providers) {
      const answer = await ask(provider, name, surroundings);
      if (!answer.ok) return answer;
      if (answer.value !== undefined) return ok(answer.value);
      looked.push(providerText(provider));
    }
    return refuse(`secret ${name} is nowhere: looked in ${looked.join(", ") || "no provider"}`);
  };
}

async function ask(
  provider: SecretProvider,
  name: SecretName,
  surroundings: Surroundings,
): Promise<Result<string | undefined, string>> {
  switch (provider.kind) {
    case "env":
      return ok(surroundings.environment[name]);
    case "dotenv":
      return await fromDotenv(resolve(surroundings.folder, provider.path), name);
    case "files":
    case "command":
      return refuse(`secret ${name}: asking a command is not there yet; use env or dotenv`);
    default:
      return assertNever(provider);
  }
}

async function fromDotenv(
  path: string,
  name: SecretName,
): Promise<Result<string | undefined, string>> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return refuse(`${path} (secrets.from) cannot be read`);
  if ((stats.mode & GROUP_OR_OTHERS) !== 0) {
    return refuse(`${path} may be read by others; chmod 600 ${path}`);
  }
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1] === name) return ok(unquoted(match[2] ?? ""));
  }
  return ok(undefined);
}

function unquoted(text: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  return quoted?.[2] ?? text;
}

function providerText(provider: SecretProvider): string {
  return provider.kind === "dotenv" ? `dotenv:${provider.path}` : provider.kind;
}
