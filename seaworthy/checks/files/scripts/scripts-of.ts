import { actsOf, type Act } from "../../../facts/scripts/acts.ts";
import { isDatabaseDumper } from "../../../facts/scripts/dumps.ts";
import { readShell, type Shell } from "../../../facts/scripts/shell.ts";
import { at, baseName, type Location } from "../../../facts/source.ts";
import type { Documents } from "../../../facts/document.ts";
import type { Facts } from "../../../facts/facts.ts";

/** Shell text that something runs: a script, a crontab's command, a container's `sh -c`. */
export interface Script {
  /** Path of the file; the component's name where it is a container's command. */
  readonly name: string;
  readonly path: string;
  readonly shell: Shell;
  readonly place: (line: number) => Location;
  /** Whole scripts; not a list of commands to type by hand. */
  readonly isScript: boolean;
}

/** What is read together: a unit, or the whole repository. */
export interface Scope {
  readonly documents: Documents;
  readonly facts: Facts;
}

const known = new WeakMap<Scope, readonly Script[]>();

/** Every shell text of a scope that is meant to run in earnest. */
export function scriptsOf(scope: Scope): readonly Script[] {
  const before = known.get(scope);
  if (before !== undefined) return before;
  const made = [...shellFiles(scope), ...crontabs(scope), ...containers(scope)];
  known.set(scope, made);
  return made;
}

function shellFiles({ documents }: Scope): readonly Script[] {
  return documents.of("shell").flatMap(({ file, shell, isScript, entries }) => {
    if (isRehearsal(file.path)) return [];
    const place = (line: number): Location => at(file, line);
    const own = { name: file.path, path: file.path, shell, place, isScript };
    return [own, ...entries.map((entry) => commandLine(own, entry))];
  });
}

function crontabs({ documents }: Scope): readonly Script[] {
  return documents.of("crontab").flatMap(({ file, entries }) => {
    const place = (line: number): Location => at(file, line);
    const own = { name: file.path, path: file.path, place };
    return entries.map((entry) => commandLine(own, entry));
  });
}

/** In a crontab `%` is written `\%`. */
function commandLine(
  owner: Pick<Script, "name" | "path" | "place">,
  entry: { readonly command: string; readonly line: number },
): Script {
  const { name, path, place } = owner;
  const shell = readShell(entry.command.replaceAll("\\%", "%"), { firstLine: entry.line });
  return { name, path, place, shell, isScript: true };
}

/** `sh -c '…'` of a compose service or a pod: everything in it stands where the command begins. */
function containers({ facts }: Scope): readonly Script[] {
  return facts.of("component").flatMap(({ name, platform, command }) => {
    if (command === undefined || platform === "docker-run") return [];
    const index = command.value.findIndex((word) => /^-[a-z]*c$/.test(word));
    const text = command.value[index + 1];
    const program = command.value[index - 1] ?? "";
    if (text === undefined || !/(?:^|\/)(?:ba|a|da)?sh$/.test(program)) return [];
    const shell = readShell(text.replaceAll("$$", "$"));
    const place = (): Location => command.at;
    return [{ name, path: command.at.file, shell, place, isScript: true }];
  });
}

const REHEARSAL = new RegExp(
  "(?:^|/)(?:_?(?:unit|integration|e2e)?[-_]?tests?|testdata|fixtures|examples?|samples?|vendor)/",
  "i",
);

/** Tests, examples and other people's code prove nothing about how this is run. */
function isRehearsal(path: string): boolean {
  return REHEARSAL.test(path);
}

/** The saves of a script that is there to save: not what a release packs together. */
export function savesOf(script: Script): readonly Act[] {
  const acts = actsOf(script.shell).filter(({ act }) => act === "write");
  const dumps = acts.filter((act) => isSave(script, act));
  return dumps;
}

function isSave({ path }: Script, { program, pattern, command, content }: Act): boolean {
  if (pattern === "" || /\.log\b|(?:^|\/)logs?[_.-]/.test(pattern)) return false;
  const says = /backup|bkup|bkp|snapshot|dump|备份/i;
  const named = says.test(baseName(path)) || says.test(command.within ?? "");
  if (/restore|recover|rollback/i.test(`${baseName(path)} ${command.within ?? ""}`)) return false;
  if (isDatabaseDumper(program) || content === "redis" || content === "etcd") return true;
  return named || says.test(pattern) || content !== "files";
}

/** Whether a script is there to save state, so that what it lacks is missing from the backups. */
export function isBackupScript(script: Script): boolean {
  const saves = savesOf(script);
  if (saves.length === 0) return false;
  const says = /backup|bkup|bkp|snapshot|dump|备份/i;
  if (says.test(baseName(script.path))) return true;
  // What a deployment puts aside before it begins is not the backup of the system.
  if (/deploy|migrat|upgrade|update|install|setup|dev|switch/i.test(baseName(script.path)))
    return false;
  if (saves.some(({ command }) => says.test(command.within ?? ""))) return true;
  // A dump before something is removed is no backup either; what is kept in order or sent off is.
  const kept = actsOf(script.shell).some(({ act }) => act === "prune" || act === "ship");
  return kept && saves.some(({ pattern }) => says.test(pattern));
}

/** The name under which people speak of a script. */
export function shortName({ name }: Script): string {
  return baseName(name);
}

/** A few names, the rest counted. */
export function listed(names: readonly string[], max = 4): string {
  const all = [...new Set(names)];
  const shown = all.slice(0, max).map((name) => `\`${name}\``);
  const more = all.length - shown.length;
  const last = more > 0 ? `${String(more)} more` : shown.pop();
  if (last === undefined) return "";
  return shown.length === 0 ? last : `${shown.join(", ")} and ${last}`;
}

/**
 * Whether a container runs the script, so that its paths are the container's: it is mounted or
 * copied into one, or is a container's command.
 */
export function runsInContainer(script: Script, { documents, facts }: Scope): boolean {
  const name = baseName(script.path);
  const inComponent = facts.of("component").some(({ mounts, command, at: where }) => {
    if (where.file === script.path) return true;
    if (command?.value.some((word) => baseName(word) === name) === true) return true;
    return mounts.some(({ source, type }) => {
      if (type !== "bind" || source === undefined) return false;
      const plain = source.replace(/^(?:\.{1,2}\/)+/, "").replace(/\/$/, "");
      return plain !== "" && plain !== "." && `/${script.path}/`.includes(`/${plain}/`);
    });
  });
  if (inComponent) return true;
  return documents.of("dockerfile").some(({ file }) => file.text.slice(0, 100_000).includes(name));
}
