import type { PipelineDocument, PipelineJob } from "../../../facts/delivery/delivery.ts";
import { at } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { githubNever } from "./github-condition.ts";
import { listed, placesOf } from "./wording.ts";

/** A job whose condition no run can meet. */
export const ciNeverRuns: FileRule = {
  name: "ci-never-runs",
  summary: "a job of a pipeline has a condition that is never true",
  check: (unit) => unit.documents.of("pipeline").flatMap(neverIn),
};

function neverIn(document: PipelineDocument): readonly Found[] {
  switch (document.system) {
    case "jenkins":
      return branchWithoutMultibranch(document);
    case "gitlab":
      return document.jobs.flatMap((job) => excludedRefs(document, job));
    case "github":
      return githubNever(document);
  }
}

/** `branch` compares BRANCH_NAME: only a multibranch job sets it, and that checks out `scm`. */
function branchWithoutMultibranch({ file, jobs }: PipelineDocument): readonly Found[] {
  const git = jobs.flatMap(({ uses }) => uses).find(({ name, given }) => isExplicit(name, given));
  const multibranch = /\bcheckout\s*\(?\s*scm\b|\bscm\.branches\b|\bCHANGE_ID\b|\bchangeRequest\b/;
  if (git === undefined || multibranch.test(file.text)) return [];
  const waiting = jobs.filter(({ condition }) => /(?:^|\s)branch\s/.test(condition?.text ?? ""));
  const first = waiting[0]?.condition;
  if (first === undefined) return [];
  const lines = waiting.flatMap(({ condition }) => condition?.line ?? []);
  return [
    {
      severity: "warning",
      message:
        `${listed(waiting.map(({ name }) => name))} run \`when { branch }\`, and the code comes ` +
        `from \`git\` with a branch of its own`,
      places: placesOf(at(file, first.line), [
        at(file, git.line),
        ...lines.map((line) => at(file, line)),
      ]),
      why:
        "`branch` compares BRANCH_NAME, which only a multibranch job sets. In any other job " +
        "these stages are skipped and the build is green; in a multibranch one every branch " +
        "builds the one that is named here.",
      fix: "`checkout scm` in a multibranch job, or `when { expression { … } }` on GIT_BRANCH",
    },
  ];
}

function isExplicit(name: string, given: string): boolean {
  if (name === "git") return /(?:https?:|git@|ssh:)/.test(given);
  return name === "checkout" && /GitSCM|scmGit/.test(given) && !/\bscm\s*\./.test(given);
}

/** `only: [main]` beside `except: [main]`. */
function excludedRefs({ file }: PipelineDocument, job: PipelineJob): readonly Found[] {
  const { condition, name, line } = job;
  if (condition === undefined) return [];
  const [only, except] = ["only", "except"].map((key) => {
    return new RegExp(`^${key}: (.*)$`, "m").exec(condition.text)?.[1]?.split(", ") ?? [];
  });
  if (only === undefined || except === undefined || only.length === 0) return [];
  if (!only.every((ref) => except.includes(ref))) return [];
  return [
    {
      severity: "warning",
      message: `\`${name}\` runs only for ${listed(only)}, and excepts just that`,
      places: placesOf(at(file, condition.line), [at(file, line)]),
      why: "The job is in no pipeline, and nothing says so: what it checks or deploys never is.",
      fix: "one of `only` and `except`, or `rules`",
    },
  ];
}
