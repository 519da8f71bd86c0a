/** The words of one `tar` (GNU tar 1.35), as far as saving and restoring is concerned. */
interface Tar {
  readonly mode: "create" | "extract" | "list" | undefined;
  /** Undefined, or `-`: standard output or input. */
  readonly archive: string | undefined;
  /** Files and folders named; with `-C`, seen from there. */
  readonly operands: readonly string[];
  readonly folder: string | undefined;
  /** The names come from a file or standard input (`-T`). */
  readonly listed: boolean;
}

const VALUED = new Set(["-C", "-X", "-T", "-I", "-g", "-b", "-K", "-N", "-V", "--directory"]);
const LONG_VALUED = new Set([
  "--directory",
  "--exclude",
  "--exclude-from",
  "--files-from",
  "--use-compress-program",
  "--listed-incremental",
  "--transform",
  "--owner",
  "--group",
  "--file",
]);

export function tarOf(args: readonly string[]): Tar {
  let letters = "";
  let archive: string | undefined;
  let folder: string | undefined;
  let listed = false;
  const operands: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? "";
    const [name, value] = longOption(word);
    if (name !== "") {
      letters += LETTERS.get(name) ?? "";
      const given = value ?? (LONG_VALUED.has(name) ? args[(index += 1)] : undefined);
      if (name === "--file") archive = given;
      if (name === "--directory") folder = given;
      listed ||= name === "--files-from";
    } else if ((index === 0 && /^[A-Za-z]+$/.test(word)) || /^-[A-Za-z]+$/.test(word)) {
      const cluster = word.replace("-", "");
      letters += cluster;
      if (VALUED.has(`-${cluster.at(-1) ?? ""}`) || cluster.includes("f")) {
        const given = args[(index += 1)];
        if (cluster.includes("f")) archive = given;
        else if (cluster.endsWith("C")) folder = given;
        else listed ||= cluster.endsWith("T");
      }
    } else operands.push(word);
  }
  return { mode: modeOf(letters), archive, operands, folder, listed };
}

const LETTERS: ReadonlyMap<string, string> = new Map([
  ["--create", "c"],
  ["--extract", "x"],
  ["--get", "x"],
  ["--list", "t"],
]);

function modeOf(letters: string): Tar["mode"] {
  if (letters.includes("c")) return "create";
  if (letters.includes("x")) return "extract";
  return letters.includes("t") ? "list" : undefined;
}

function longOption(word: string): readonly [string, string?] {
  if (!word.startsWith("--")) return [""];
  const equals = word.indexOf("=");
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}
