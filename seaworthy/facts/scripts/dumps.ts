import { sinkOf, type Stages } from "./pipelines.ts";
import { optionOf, type Invocation } from "./invocation.ts";
import { patternOf } from "./pattern.ts";
import { tarOf } from "./tar.ts";

/** What a pipeline that begins with a dump saves, and where. */
export interface Dump {
  readonly pattern: string;
  readonly content: string;
  readonly sources: readonly string[];
}

/** Programs that dump a store: what they hold, and which options name the file they write. */
const DUMPERS: ReadonlyMap<
  string,
  { readonly content: string; readonly files: readonly string[] }
> = new Map([
  ["pg_dump", { content: "postgres", files: ["-f", "--file"] }],
  ["pg_dumpall", { content: "postgres", files: ["-f", "--file"] }],
  ["pg_basebackup", { content: "postgres", files: ["-D", "--pgdata"] }],
  ["mysqldump", { content: "mysql", files: ["-r", "--result-file"] }],
  ["mariadb-dump", { content: "mysql", files: ["-r", "--result-file"] }],
  ["mysqlpump", { content: "mysql", files: ["--result-file"] }],
  ["mydumper", { content: "mysql", files: ["-o", "--outputdir"] }],
  ["xtrabackup", { content: "mysql", files: ["--target-dir"] }],
  ["mariabackup", { content: "mysql", files: ["--target-dir"] }],
  ["mongodump", { content: "mongodb", files: ["-o", "--out", "--archive"] }],
  ["influxd", { content: "influxdb", files: [] }],
  ["restic", { content: "files", files: [] }],
  ["borg", { content: "files", files: [] }],
  ["kopia", { content: "files", files: [] }],
  ["duplicity", { content: "files", files: [] }],
  ["velero", { content: "kubernetes", files: [] }],
  ["pgbackrest", { content: "postgres", files: [] }],
  ["wal-g", { content: "postgres", files: [] }],
]);

/** Of programs that do several things, the words that make it a dump. */
const VERBS: ReadonlyMap<string, RegExp> = new Map([
  ["restic", /^backup$/],
  ["borg", /^create$/],
  ["kopia", /^snapshot$/],
  ["velero", /^backup$/],
  ["pgbackrest", /^backup$/],
  ["wal-g", /^backup-push$/],
  ["influxd", /^backup$/],
]);

/** Whether the name alone says that a store is dumped. */
export function isDatabaseDumper(program: string): boolean {
  const found = DUMPERS.get(program);
  return found !== undefined && found.content !== "files" && found.content !== "kubernetes";
}

export function dumpOf(stages: Stages): Dump | undefined {
  const [first] = stages;
  if (first === undefined) return undefined;
  const { run } = first;
  if (isHelp(run)) return undefined;
  const known = DUMPERS.get(run.program);
  if (known !== undefined) return known.content === "files" ? repository(run) : dumper(stages, run);
  switch (run.program) {
    case "redis-cli":
    case "valkey-cli":
      return redis(stages, run);
    case "etcdctl":
      return etcd(run);
    case "sqlite3":
      return sqlite(run);
    case "tar":
      return tar(stages, run);
    case "zip":
      return zip(run);
    case "cp":
    case "rsync":
      return copied(run);
    case "docker":
      return dockerCopied(run);
    default:
      return undefined;
  }
}

function isHelp({ args }: Invocation): boolean {
  return args.length <= 1 && ["--version", "-V", "--help"].includes(args[0] ?? "");
}

function dumper(stages: Stages, run: Invocation): Dump | undefined {
  const known = DUMPERS.get(run.program);
  const verb = VERBS.get(run.program);
  if (known === undefined) return undefined;
  if (verb !== undefined && !run.args.some((word) => verb.test(word))) return undefined;
  const file = optionOf(run.args, ...known.files);
  const pattern = file === undefined ? (sinkOf(stages) ?? "") : patternOf(file);
  if (pattern === "" && !["velero", "pgbackrest", "wal-g", "influxd"].includes(run.program)) {
    // Printed, or taken up by something that is not known: `pg_dump | psql` copies.
    if (stages.some(({ run: { program } }) => ["psql", "mysql"].includes(program)))
      return undefined;
  }
  return { pattern, content: known.content, sources: databaseOf(run) };
}

function databaseOf({ program, args }: Invocation): readonly string[] {
  if (program === "pg_dumpall" || args.includes("--all-databases") || args.includes("-A"))
    return ["*"];
  const named = optionOf(args, "-d", "--dbname", "--db", "--databases", "-B");
  const last = args.at(-1);
  const found = named ?? (last?.startsWith("-") === false ? last : undefined);
  return found === undefined ? [] : [patternOf(found)];
}

function repository({ program, args }: Invocation): Dump | undefined {
  const verb = VERBS.get(program);
  const index = args.findIndex((word) => verb?.test(word) ?? false);
  if (verb !== undefined && index < 0) return undefined;
  const sources = args
    .slice(index + 1)
    .filter((word) => /^[./~$]/.test(word))
    .map(patternOf);
  return { pattern: `${program}:`, content: "files", sources };
}

function redis(stages: Stages, { args }: Invocation): Dump | undefined {
  const file = optionOf(args, "--rdb");
  if (file === undefined) return undefined;
  const pattern = file === "-" ? (sinkOf(stages) ?? "") : patternOf(file);
  return { pattern, content: "redis", sources: [] };
}

function etcd({ args }: Invocation): Dump | undefined {
  const index = args.indexOf("save");
  if (index < 1 || args[index - 1] !== "snapshot") return undefined;
  return { pattern: patternOf(args[index + 1] ?? ""), content: "etcd", sources: [] };
}

function sqlite({ args }: Invocation): Dump | undefined {
  const text = args.find((word) => word.startsWith(".backup"));
  if (text === undefined) return undefined;
  const target = text.slice(".backup".length).trim().replaceAll(/["']/g, "");
  return { pattern: patternOf(target), content: "sqlite", sources: args.slice(0, 1) };
}

function tar(stages: Stages, run: Invocation): Dump | undefined {
  const { mode, archive, operands, folder } = tarOf(run.args);
  if (mode !== "create") return undefined;
  const out = archive === undefined || archive === "-";
  const pattern = out ? (sinkOf(stages) ?? "") : patternOf(archive);
  const sources = operands.map((path) => under(folder, path));
  return { pattern, content: "files", sources: mounted(run, sources) };
}

/** `docker run -v shop_data:/data … tar c /data` saves the volume, not a path. */
function mounted({ place }: Invocation, sources: readonly string[]): readonly string[] {
  if (place.type !== "container" || place.engine === "kubectl") return sources;
  const volumes = place.options.flatMap((word, index) => {
    const flag = ["-v", "--volume"].includes(place.options[index - 1] ?? "");
    const [source = "", target = ""] = flag ? word.split(":") : [];
    return target === "" ? [] : [{ source, target }];
  });
  return sources.map((path) => {
    const found = volumes.find(({ target }) => path === target || path.startsWith(`${target}/`));
    return found === undefined ? path : patternOf(found.source);
  });
}

function under(folder: string | undefined, path: string): string {
  const own = patternOf(path);
  if (folder === undefined || own.startsWith("/") || own.startsWith("*")) return own;
  const base = patternOf(folder).replace(/\/$/, "");
  return own === "." ? base : `${base}/${own.replace(/^\.\//, "")}`;
}

function zip({ args }: Invocation): Dump | undefined {
  const operands = args.filter((word) => !word.startsWith("-"));
  const [archive, ...sources] = operands;
  if (archive === undefined || sources.length === 0) return undefined;
  return { pattern: patternOf(archive), content: "files", sources: sources.map(patternOf) };
}

/** A copy of files is a backup only where its target says so. */
function copied({ program, args }: Invocation): Dump | undefined {
  const operands = args.filter((word) => !word.startsWith("-"));
  const target = operands.at(-1) ?? "";
  if (operands.length < 2 || !/backup|snapshot|\.bak\b/i.test(target)) return undefined;
  if (program === "rsync" && /^[^/]{1,200}:/.test(target)) return undefined;
  return {
    pattern: patternOf(target),
    content: "files",
    sources: operands.slice(0, -1).map(patternOf),
  };
}

function dockerCopied({ args }: Invocation): Dump | undefined {
  const [verb, source = "", target = ""] = args;
  if (verb !== "cp" || !source.includes(":") || !/backup|snapshot/i.test(target)) return undefined;
  return { pattern: patternOf(target), content: "files", sources: [patternOf(source)] };
}
