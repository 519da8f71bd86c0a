import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readFields, readLine, readList, readOneOf, readText } from "./data.ts";
import { GUIDE_IDS, type GuideId } from "./guides.ts";
import { type ForeignError, linesIn } from "./recall.ts";

/** What somebody who read the guide says of an error that is no row of the table. */
export interface Judgement {
  readonly guide: GuideId;
  readonly rule: string;
  /** One of the lines that the error points at. */
  readonly line: number;
  readonly verdict: "true" | "false";
  readonly because: string;
}

export function committedJudgements(): readonly Judgement[] {
  return readJudgements(readFileSync(join(import.meta.dirname, "judged.json"), "utf8"));
}

export function readJudgements(text: string): readonly Judgement[] {
  const data: unknown = JSON.parse(text);
  return readList(data, "judgements").map((entry, index) => {
    const where = `judgement ${index + 1}`;
    const fields = readFields(entry, where, ["guide", "rule", "line", "verdict", "because"]);
    return {
      guide: readOneOf(fields["guide"], GUIDE_IDS, `${where}: guide`),
      rule: readText(fields["rule"], `${where}: rule`),
      line: readLine(fields["line"], `${where}: line`),
      verdict: readOneOf(fields["verdict"], ["true", "false"], `${where}: verdict`),
      because: readText(fields["because"], `${where}: because`),
    };
  });
}

export interface JudgedErrors {
  readonly judged: readonly (ForeignError & { readonly judgement: Judgement })[];
  readonly unjudged: readonly ForeignError[];
  /** Judgements of errors that are printed no more, or are rows by now. */
  readonly idle: readonly Judgement[];
}

export function judgeErrors(
  errors: readonly ForeignError[],
  judgements: readonly Judgement[],
): JudgedErrors {
  const found = errors.map((error) => ({
    ...error,
    judgement: judgements.find((judgement) => isAbout(judgement, error)),
  }));
  return {
    judged: found.flatMap((error) =>
      error.judgement === undefined ? [] : [{ ...error, judgement: error.judgement }],
    ),
    unjudged: found.filter(({ judgement }) => judgement === undefined),
    idle: judgements.filter((judgement) => !errors.some((error) => isAbout(judgement, error))),
  };
}

function isAbout(judgement: Judgement, { guide, finding }: ForeignError): boolean {
  const isSame = judgement.guide === guide && judgement.rule === finding.rule;
  return isSame && linesIn(guide, finding).includes(judgement.line);
}
