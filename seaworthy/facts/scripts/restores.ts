import type { Stages } from "./pipelines.ts";
import type { Invocation } from "./invocation.ts";
import { patternOf } from "./pattern.ts";
import { tarOf } from "./tar.ts";

/** What a command reads back without changing anything. */
export function verifyOf(run: Invocation, stages: Stages): string | undefined {
  const { program, args } = run;
  const operand = patternOf(args.findLast((word) => !word.startsWith("-")) ?? "");
  const flags = args.filter((word) => word.startsWith("-")).join(" ");
  if (/^(?:gzip|gunzip|pigz|bzip2|xz|zstd|unzip|lz4)$/.test(program)) {
    return /(?:^|\s)-[a-z]*t|--test/.test(flags) ? operand : undefined;
  }
  if (/^(?:7z|7za)$/.test(program)) return args[0] === "t" ? operand : undefined;
  if (program === "tar") return tarVerify(args);
  if (program === "pg_restore") return /(?:^|\s)(?:-l|--list)\b/.test(flags) ? operand : undefined;
  if (/^(?:sha256sum|sha1sum|sha512sum|md5sum|shasum|b2sum|cksum)$/.test(program)) return operand;
  if (/^(?:redis-check-rdb|pg_verifybackup|pg_checksums)$/.test(program)) return operand;
  if (program === "restic" || program === "borg")
    return args.includes("check") ? `${program}:` : undefined;
  if (program === "rclone")
    return /^(?:check|cryptcheck)$/.test(args[0] ?? "") ? operand : undefined;
  if (/^(?:zcat|gunzip|zstdcat|pg_restore)$/.test(program))
    return discards(stages) ? operand : undefined;
  return undefined;
}

function tarVerify(args: readonly string[]): string | undefined {
  const { mode, archive } = tarOf(args);
  return mode === "list" ? patternOf(archive ?? "") : undefined;
}

function discards(stages: Stages): boolean {
  const last = stages.at(-1);
  return (
    last?.command.redirects.some(
      ({ expanded, descriptor }) => expanded === "/dev/null" && descriptor !== "2",
    ) === true
  );
}

/** What a stage puts back, and from where. */
export function restoreOf(
  stages: Stages,
  index: number,
):
  | { readonly pattern: string; readonly content: string; readonly sources: readonly string[] }
  | undefined {
  const stage = stages[index];
  if (stage === undefined) return undefined;
  const { run, command } = stage;
  const { program, args } = run;
  const operand = patternOf(args.findLast((word) => !word.startsWith("-")) ?? "");
  const input = inputOf(stages, index) ?? redirected(command.redirects);
  const loads = (content: string, file = input) =>
    file === undefined ? undefined : { content, pattern: file, sources: [] };
  switch (program) {
    case "pg_restore":
      return loads("postgres", operand);
    case "psql":
      return loads("postgres", saved(input) ?? saved(afterFlag(args, "-f", "--file")));
    case "mysql":
    case "mariadb":
      return loads("mysql", saved(input) ?? saved(sourced(args)));
    case "mongorestore":
      return loads("mongodb", operand);
    case "myloader":
      return loads("mysql", operand);
    case "etcdctl":
      return args.includes("restore") ? loads("etcd", operand) : undefined;
    case "restic":
      return args.includes("restore") ? loads("files", "restic:") : undefined;
    case "borg":
      return args.includes("extract") ? loads("files", "borg:") : undefined;
    case "velero":
      return args.includes("restore") ? loads("kubernetes", "velero:") : undefined;
    case "tar": {
      const { mode, archive } = tarOf(args);
      if (mode !== "extract") return undefined;
      return loads(
        "files",
        archive === undefined || archive === "-" ? (input ?? "") : patternOf(archive),
      );
    }
    case "unzip":
      return loads("files", patternOf(args.find((word) => !word.startsWith("-")) ?? ""));
    default:
      return undefined;
  }
}

const READERS = new Set(
  "zcat gunzip gzip cat zstd zstdcat bzcat bunzip2 xzcat xz pigz openssl gpg aws rclone pv".split(
    " ",
  ),
);

/** The file that the stages before this one read. */
function inputOf(stages: Stages, index: number): string | undefined {
  if (index === 0) return undefined;
  const first = stages[0];
  if (first === undefined) return undefined;
  const { program, args } = first.run;
  if (!READERS.has(program)) return undefined;
  const file = patternOf(args.findLast((word) => !word.startsWith("-")) ?? "");
  return file === "" ? redirected(first.command.redirects) : file;
}

function redirected(
  redirects: readonly { readonly operator: string; readonly expanded: string }[],
): string | undefined {
  const found = redirects.find(({ operator }) => operator === "<");
  return found === undefined ? undefined : patternOf(found.expanded);
}

/** A file that a dump made, or that the operator names; not a schema or a migration. */
function saved(file: string | undefined): string | undefined {
  if (file === undefined || file === "") return undefined;
  if (/(?:schema|init|migrat|seed|create|setup|grant)[^/]{0,40}\.sql$/i.test(file))
    return undefined;
  return /\*|backup|dump|\.gz$|\.zst$|\.bz2$/i.test(file) ? file : undefined;
}

function afterFlag(args: readonly string[], ...flags: readonly string[]): string | undefined {
  const index = args.findIndex((word) => flags.includes(word));
  return index < 0 ? undefined : patternOf(args[index + 1] ?? "");
}

/** `mysql -e "source dump.sql"`. */
function sourced(args: readonly string[]): string | undefined {
  const [, file] = /^source ([^\s;]{1,300})/i.exec(afterFlag(args, "-e", "--execute") ?? "") ?? [];
  return file;
}
