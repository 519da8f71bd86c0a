import {
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { applyEdits, planFixes, type FixPlan } from "../../checks/files/edits.ts";
import type { FileFinding } from "../../checks/files/files.ts";
import { plainText } from "./excerpt.ts";
import { maskLine } from "./mask-secrets.ts";
import type { Subject } from "./subject.ts";

/** One file before and after. */
export interface FileChange {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

export interface Fixes {
  readonly plan: FixPlan;
  readonly changes: readonly FileChange[];
}

/** What automatic fixes would change; nothing of a guide, whose blocks are no files. */
export function fixesFor({ tree }: Subject, findings: readonly FileFinding[]): Fixes {
  const texts = new Map(
    tree.guide === undefined ? tree.files.map(({ path, text }) => [path, text]) : [],
  );
  const reachable = findings.filter(({ edits = [] }) => edits.every(({ file }) => texts.has(file)));
  const plan = planFixes(reachable);
  const changes = [...plan.edits].flatMap(([path, edits]): readonly FileChange[] => {
    const before = texts.get(path) ?? "";
    return [{ path, before, after: applyEdits(before, edits) }];
  });
  return { plan, changes };
}

/**
 * Writes a change beside the file and renames it over: whoever reads sees the old text or the new
 * one. The file's mode stays. Returns why not, where it changed meanwhile or may not be written.
 */
export function writeChange(root: string, change: FileChange): string | undefined {
  const target = join(root, change.path);
  try {
    const found = lstatSync(target);
    if (!found.isFile()) return "is no regular file any more";
    const now = readFileSync(target, "utf8");
    const mark = now.startsWith("\uFEFF") ? "\uFEFF" : "";
    if (now.slice(mark.length) !== change.before) return "changed while it was checked";
    replace(target, `${mark}${change.after}`, found.mode);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function replace(target: string, text: string, mode: number): void {
  // One name only: a second run at the same time is refused by `wx` and touches nothing.
  const beside = join(dirname(target), `.${basename(target)}.seaworthy-fix`);
  const descriptor = openSync(beside, "wx", mode);
  try {
    try {
      writeFileSync(descriptor, text);
      fchmodSync(descriptor, mode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Lines of a file around which a change is shown. */
const CONTEXT_LINES = 2;

/** The change as a unified diff's hunk from the first to the last line that differs. */
export function changeText({ path, before, after }: FileChange): readonly string[] {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head += 1;
  let tail = 0;
  const limit = Math.min(old.length, fresh.length) - head;
  while (tail < limit && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1;
  const start = Math.max(0, head - CONTEXT_LINES);
  const behind = old.slice(old.length - tail, old.length - tail + CONTEXT_LINES);
  const removed = old.slice(head, old.length - tail);
  const added = fresh.slice(head, fresh.length - tail);
  const shown = (sign: string) => (line: string) => `${sign}${plainText(maskLine(line))}`;
  const around = head - start + behind.length;
  const lengths = [removed.length + around, added.length + around].map(String);
  return [
    `--- ${path}`,
    `+++ ${path}`,
    `@@ -${String(start + 1)},${lengths[0] ?? ""} +${String(start + 1)},${lengths[1] ?? ""} @@`,
    ...old.slice(start, head).map(shown(" ")),
    ...removed.map(shown("-")),
    ...added.map(shown("+")),
    ...behind.map(shown(" ")),
  ];
}
