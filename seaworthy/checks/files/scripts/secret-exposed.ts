import type { Act } from "../../../facts/scripts/acts.ts";
import { invocationOf, optionOf, type Invocation } from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import { baseName, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import {
  isBackupScript,
  listed,
  savesOf,
  scriptsOf,
  shortName,
  type Script,
} from "./scripts-of.ts";

/** A secret where others read it: the list of processes, the repository, an archive. */
export const secretExposed: FileRule = {
  name: "secret-exposed",
  summary: "a secret stands on a command line, in a committed key, or in an archive in the clear",
  check: (unit) => [
    ...scriptsOf(unit).flatMap((script) => onCommandLine(script)),
    ...committedKeys(unit),
    ...openArchives(unit),
  ],
};

/** `ps` shows every argument to every user of the host. */
function onCommandLine(script: Script): readonly Found[] {
  const shown = script.shell.commands.flatMap((command) => {
    const secret = argumentOf(command);
    return secret === undefined ? [] : [secret];
  });
  const [first, ...rest] = shown;
  if (first === undefined) return [];
  const literal = shown.some((secret) => secret.literal);
  return [
    {
      severity: literal ? "warning" : "note",
      message:
        `${shortName(script)} gives ${listed(shown.map(({ program }) => program))} a password ` +
        `on the command line${literal ? ", written out in the script" : ""}`,
      places: [script.place(first.line), ...rest.slice(0, 5).map(({ line }) => script.place(line))],
      why: literal
        ? "Whoever can read the repository, a shell's history or the list of processes has it."
        : "Every user of the host reads it in the list of processes, and it stays in histories.",
      fix:
        "Give it by a file or the environment (`--defaults-extra-file`, PGPASSFILE, " +
        "REDISCLI_AUTH).",
    },
  ];
}

interface Argument {
  readonly program: string;
  readonly literal: boolean;
  /** Of the option itself: a long command has many. */
  readonly line: number;
}

function argumentOf(command: ShellCommand): Argument | undefined {
  const run = invocationOf(command.expanded);
  // In a container only its own processes see it.
  if (run === undefined || run.place.type !== "here") return undefined;
  const value = passwordOf(run);
  if (value === undefined || value === "" || value.startsWith("-")) return undefined;
  const written = command.words.join(" ");
  const literal =
    !value.includes("$") && written.includes(value) && !/^[*x<]|your|example|change/i.test(value);
  const index = command.words.findIndex((word) => PASSWORD_OPTION.test(word));
  return { program: run.program, literal, line: command.wordLines[index] ?? command.line };
}

const PASSWORD_OPTION = /^(?:-p.?|-a$|--(?:password|master-user-pass|auth-token|admin-p|root-p))/;

function passwordOf({ program, args }: Invocation): string | undefined {
  if (/^(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)$/.test(program)) {
    const joined = args.find((word) => /^-p./.test(word))?.slice(2);
    return (
      joined ?? args.find((word) => word.startsWith("--password="))?.slice("--password=".length)
    );
  }
  if (program === "redis-cli" || program === "sshpass")
    return optionOf(args, program === "sshpass" ? "-p" : "-a");
  if (program === "aws" || program === "gcloud" || program === "az") {
    return optionOf(
      args,
      "--master-user-password",
      "--auth-token",
      "--admin-password",
      "--root-password",
    );
  }
  if (program === "docker" && args[0] === "login") return optionOf(args, "-p", "--password");
  return undefined;
}

const PRIVATE_KEY =
  /^-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\r?\n[A-Za-z0-9+/=]{40}/m;

const REHEARSAL = new RegExp(
  "(?:^|[/._-])(?:tests?|testdata|suites?|e2e|fixtures?|examples?|samples?|demo|dev|devenv|" +
    "self-?signed|local\\w*|mock\\w*|spec)" +
    "(?:[/._-]|$)",
  "i",
);

/** A private key in the tree itself. */
function committedKeys({ repository }: Unit): readonly Found[] {
  const { tree } = repository.documents;
  const keys = tree.files.filter(
    ({ path, text }) =>
      text.length < 20_000 &&
      /(?:\.pem|\.key|id_(?:rsa|ed25519|ecdsa|dsa))$/.test(path) &&
      PRIVATE_KEY.test(text) &&
      !tree.isIgnored(path) &&
      !REHEARSAL.test(path),
  );
  const [first, ...rest] = keys;
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message:
        `${listed(keys.map(({ path }) => path))} ` +
        `${keys.length === 1 ? "is a private key" : "are private keys"} in the repository`,
      places: [
        { file: first.path, line: 1 },
        ...rest.slice(0, 4).map(({ path }): Location => ({ file: path, line: 1 })),
      ],
      why: "Whoever has ever cloned it can answer in this name; deleting the file changes nothing.",
      fix: "Make a new key, keep it in a secret store, and take this one out of use.",
    },
  ];
}

const SECRET_FILE = new RegExp(
  "(?:api[-_]?keys?|secrets?|credentials?|keystore|id_rsa)[\\w-]{0,20}" +
    "\\.(?:ya?ml|json|properties|p12|jks|env|pem|txt)$" +
    "|(?:^|/)\\.env(?:\\.prod\\w{0,10})?$|\\.(?:key|p12|jks|pfx)$",
  "i",
);

/** A folder with a file of secrets is packed, and nothing encrypts the archive. */
function openArchives(unit: Unit): readonly Found[] {
  const { tree } = unit.repository.documents;
  return scriptsOf(unit).flatMap((script): readonly Found[] => {
    if (!isBackupScript(script) || encrypts(script)) return [];
    return savesOf(script).flatMap((save): readonly Found[] => {
      const held = save.content === "files" ? secretIn(save, tree.files) : undefined;
      if (held === undefined) return [];
      const { path, line } = held;
      return [
        {
          severity: "warning",
          message:
            `${shortName(script)} packs \`${path}\` with the rest, and nothing ` +
            `encrypts \`${save.pattern}\``,
          places: [script.place(save.command.line), line],
          why:
            "Whoever gets any one of the archives, for as long as they are kept, has the " +
            "keys too.",
          fix:
            "Encrypt the archive (`age`, `gpg`), or leave the file out and keep it in a " +
            "secret store.",
        },
      ];
    });
  });
}

function encrypts({ shell }: Script): boolean {
  return shell.commands.some(({ expanded }) => {
    const run = invocationOf(expanded);
    if (run === undefined) return false;
    if (run.program === "openssl") return run.args.includes("enc") || run.args.includes("smime");
    return /^(?:gpg2?|age|sops|restic|borg|duplicity|kopia|7z|7za|ccrypt)$/.test(run.program);
  });
}

function secretIn(
  { sources }: Act,
  files: Unit["repository"]["documents"]["tree"]["files"],
): { readonly path: string; readonly line: Location } | undefined {
  const folders = sources.flatMap((source) => {
    const plain = source.replace(/^\.\//, "").replace(/\/$/, "");
    return /^[\w.-][\w./-]*$/.test(plain) ? [plain] : [];
  });
  for (const file of files) {
    const { path, text } = file;
    if (!SECRET_FILE.test(path) || /example|sample|template/i.test(baseName(path)) || text === "")
      continue;
    if (!folders.some((folder) => path === folder || `/${path}`.includes(`/${folder}/`))) continue;
    const origin = file.origin?.(1);
    return { path, line: origin === undefined ? { file: path, line: 1 } : { ...origin, as: path } };
  }
  return undefined;
}
