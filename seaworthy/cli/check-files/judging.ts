import { checkSurvey, FILE_RULES, type FileFinding } from "../../checks/files/files.ts";
import type { SourceFile } from "../../facts/source.ts";
import { survey, type Survey } from "../../facts/unit.ts";
import type { Context } from "../context.ts";
import { merge } from "../second-opinions/merge.ts";
import { secondOpinions } from "../second-opinions/second-opinions.ts";
import { readBaseline } from "./baseline.ts";
import { IGNORE_LIST } from "./ignore-list.ts";
import { ignore, NOTICE_RULES } from "./ignoring.ts";
import { noticesOf, unreadFindings } from "./notices.ts";
import type { CheckOptions } from "./options.ts";
import { readText } from "./read-text.ts";
import { reported, type Reported } from "./report.ts";
import type { Subject } from "./subject.ts";

/** What was found in existing files, and what became of it. */
export interface Judged {
  /** What neither comments nor the list took out, before the baseline. */
  readonly left: readonly FileFinding[];
  readonly findings: readonly Reported[];
  /** Taken out by comments and the ignore list. */
  readonly ignored: number;
  /** Taken out by the baseline. */
  readonly known: number;
  /** Files of a kind that is known. */
  readonly documents: number;
  /** What was left out, or not asked. */
  readonly notices: readonly string[];
}

/** Reads, checks, asks whom it may, and takes out what is known. */
export async function judge(
  subject: Subject,
  options: CheckOptions,
  context: Context,
): Promise<Judged> {
  const { files } = subject.tree;
  const read = survey(subject.tree);
  const own = [...checkSurvey(read, options), ...unreadFindings(subject)];
  const { opinions, notices } = options.native
    ? await secondOpinions(read.documents.all, {
        clock: context.clock,
        path: context.environment["PATH"] ?? "",
        root: subject.root,
        signal: context.interrupts.abort,
      })
    : { opinions: [], notices: [] };
  const { findings, confirmed } = merge(own, opinions, unitNames(read));
  const prints = reported(findings, files, confirmed);
  const today = new Date(context.clock.wall()).toISOString().slice(0, 10);
  const ignoring = {
    files: [...files, ...ignoreListBeside(subject)],
    rules: new Set([...FILE_RULES.map(({ name }) => name), ...NOTICE_RULES]),
    today,
  };
  const printed = findings.flatMap((finding, index) => {
    const print = prints[index];
    return print === undefined ? [] : [{ finding, fingerprint: print.fingerprint }];
  });
  const { kept, ignored, faults } = ignore(printed, ignoring);
  const left = new Set(kept.map(({ fingerprint }) => fingerprint));
  const all = [
    ...prints.filter(({ fingerprint }) => left.has(fingerprint)),
    ...reported(faults, ignoring.files),
  ];
  const before = options.baseline === undefined ? {} : readBaseline(options.baseline).known;
  const fresh = all.filter(({ fingerprint }) => !(fingerprint in before));
  return {
    left: kept.map(({ finding }) => finding),
    findings: fresh,
    ignored,
    known: all.length - fresh.length,
    documents: read.documents.all.length,
    notices: [...noticesOf(subject), ...notices],
  };
}

function unitNames({ units }: Survey): (path: string) => string {
  const names = new Map<string, string>();
  for (const { name, documents } of units) {
    for (const { file } of documents.all) if (!names.has(file.path)) names.set(file.path, name);
  }
  return (path) => names.get(path) ?? ".";
}

/** A guide's or a lone file's list stands beside it. */
function ignoreListBeside({ root, tree }: Subject): readonly SourceFile[] {
  if (tree.files.some(({ path }) => path === IGNORE_LIST)) return [];
  const text = readText(`${root}/${IGNORE_LIST}`);
  return text.ok ? [{ path: IGNORE_LIST, text: text.value }] : [];
}
