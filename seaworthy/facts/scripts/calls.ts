import type { Call } from "../fact.ts";
import { invocationOf, optionOf, type Invocation } from "./invocation.ts";
import type { ShellCommand } from "./shell.ts";

type Called = Omit<Call, "kind" | "at">;

const CLIENTS: ReadonlyMap<string, { readonly scheme: string; readonly port: number }> = new Map([
  ["psql", { scheme: "postgres", port: 5432 }],
  ["pg_dump", { scheme: "postgres", port: 5432 }],
  ["pg_dumpall", { scheme: "postgres", port: 5432 }],
  ["pg_restore", { scheme: "postgres", port: 5432 }],
  ["pg_isready", { scheme: "postgres", port: 5432 }],
  ["mysql", { scheme: "mysql", port: 3306 }],
  ["mysqldump", { scheme: "mysql", port: 3306 }],
  ["mysqladmin", { scheme: "mysql", port: 3306 }],
  ["mariadb", { scheme: "mysql", port: 3306 }],
  ["mariadb-dump", { scheme: "mysql", port: 3306 }],
  ["redis-cli", { scheme: "redis", port: 6379 }],
  ["mongodump", { scheme: "mongodb", port: 27017 }],
  ["mongosh", { scheme: "mongodb", port: 27017 }],
]);

/** Whom a command talks to by name, as far as the name is written; a loop's values one by one. */
export function callsOf(command: ShellCommand): readonly Called[] {
  return command.each.flatMap((words) => {
    const run = invocationOf(words);
    if (run === undefined || run.place.type === "remote") return [];
    return oneCall(run);
  });
}

function oneCall(run: Invocation): readonly Called[] {
  // What runs in a container looks its names up there.
  const scope = run.place.type === "here" ? "host" : "network";
  const found = /^(?:curl|wget|http|https)$/.test(run.program) ? urlOf(run.args) : clientOf(run);
  if (found === undefined || !/^[A-Za-z0-9]/.test(found.host)) return [];
  return [{ via: "script", scope, ...found }];
}

const URL_WORD = new RegExp(
  "^(?:(https?)://)?(?:[^@/\\s]{1,200}@)?([A-Za-z0-9][A-Za-z0-9._-]{0,250})" +
    "(?::(\\d{1,5}))?(/[^\\s?#]{0,1000})?",
);

function urlOf(args: readonly string[]): Omit<Called, "via" | "scope"> | undefined {
  for (const [index, word] of args.entries()) {
    const before = args[index - 1] ?? "";
    if (/^(?:-d|--data|-H|--header|-o|-O|--output|-e|-A|-x|-u|-F)$/.test(before)) continue;
    const [, scheme, host = "", port, rest = ""] = URL_WORD.exec(word) ?? [];
    if (scheme === undefined && port === undefined) continue;
    if (host === "") continue;
    const number = port === undefined ? {} : { port: Number(port) };
    return { scheme: scheme ?? "http", host, ...number, path: rest === "" ? "/" : rest };
  }
  return undefined;
}

function clientOf({ program, args }: Invocation): Omit<Called, "via" | "scope"> | undefined {
  const client = CLIENTS.get(program);
  const host = optionOf(args, "-h", "--host");
  if (client === undefined || host === undefined || !/^[A-Za-z0-9._-]{1,250}$/.test(host))
    return undefined;
  const port = Number(optionOf(args, "-p", "--port"));
  // mysql's -p is a password.
  const known = client.scheme !== "mysql" && Number.isInteger(port) && port > 0;
  const named = Number(optionOf(args, "-P", "--port"));
  const chosen = known ? port : Number.isInteger(named) && named > 0 ? named : client.port;
  return { scheme: client.scheme, host, port: chosen };
}
