import type { PipelineDocument, PipelineJob } from "../../../facts/delivery/delivery.ts";
import type { Location } from "../../../facts/source.ts";
import type { FileRule, Found } from "../file-rule.ts";
import {
  isForProduction,
  isForRehearsal,
  jobsOf,
  waitsFor,
  type JobActs,
} from "./pipeline-jobs.ts";
import { listed, placesOf, subject } from "./wording.ts";

/** A pipeline that deploys, or names `latest`, what was not built or tested when it does so. */
export const ciOrderUnsafe: FileRule = {
  name: "ci-order-unsafe",
  summary: "a pipeline deploys or publishes what is not built or not tested yet",
  check: (unit) =>
    unit.documents.of("pipeline").flatMap((document) => {
      const jobs = jobsOf(document);
      return [
        ...racingDeploys(document, jobs),
        ...untestedDeploys(document, jobs),
        ...testsAfterProduction(document, jobs),
        ...latestOfAnyBranch(document, jobs),
        ...latestBeforeTests(document, jobs),
      ];
    }),
};

/** A deployment that names the image which another job may not have pushed yet. */
function racingDeploys(document: PipelineDocument, jobs: readonly JobActs[]): readonly Found[] {
  return jobs.flatMap((pushing): readonly Found[] => {
    const repositories = new Set(pushing.pushes.map(({ image }) => repositoryOf(image)));
    const racing = jobs.filter((deploying) => {
      if (deploying === pushing || deploying.deploys.length === 0) return false;
      if (deploying.pushes.length > 0 || areExclusive(deploying.job, pushing.job)) return false;
      const text = normal(deploying.text);
      if (![...repositories].some((name) => name.length > 3 && text.includes(name))) return false;
      return !waitsFor(document, deploying.job).has(pushing.job);
    });
    const [first] = racing;
    const [push] = pushing.pushes;
    if (first === undefined || push === undefined) return [];
    const each = racing.map(({ job }) => job.name);
    const names = listed(each);
    const deployed = subject(each, { one: "deploys", several: "deploy" });
    const how =
      document.system === "gitlab" && first.job.stage === pushing.job.stage
        ? ` in the same stage (\`${first.job.stage ?? ""}\`)`
        : " without waiting for it";
    return [
      {
        severity: racing.every(({ job }) => job.manual) ? "warning" : "error",
        message: `${deployed} the image that \`${pushing.job.name}\` pushes${how}`,
        places: placesOf(first.at, [pushing.at, push.at, ...racing.map((one) => one.at)]),
        why:
          "Jobs that do not wait for each other run at the same time: the deployment names an " +
          "image that is not in the registry yet, and the new pods stay in ImagePullBackOff.",
        fix:
          `\`needs: [${pushing.job.name}]\` in ${names}` +
          (document.system === "gitlab" ? ", or a stage of its own before the deployments" : ""),
      },
    ];
  });
}

/** `${X}` and `$X` are one; the tag is left out. */
function repositoryOf(image: string): string {
  const text = normal(image);
  const colon = text.lastIndexOf(":");
  return colon > text.lastIndexOf("/") ? text.slice(0, colon) : text;
}

function normal(text: string): string {
  return text
    .replace(/\$\{(\w{1,100})\}/g, "$$$1")
    .replace(/\$\{\{\s{0,9}([\w.-]{1,100})\s{0,9}\}\}/g, "{$1}");
}

/** They never run together: one for these branches, the other for those. */
function areExclusive(one: PipelineJob, other: PipelineJob): boolean {
  const [left, right] = [one.condition?.text, other.condition?.text];
  if (left === undefined || right === undefined || left === right) return false;
  const [mine, theirs] = [onlyOf(left), onlyOf(right)];
  if (mine === undefined || theirs === undefined) return true;
  return !mine.some((ref) => theirs.includes(ref));
}

function onlyOf(text: string): readonly string[] | undefined {
  return /^only: (.*)$/m.exec(text)?.[1]?.split(", ");
}

/** Tests that look at a deployment, not at the code before it. */
const AFTERWARDS =
  /smoke|post|verif|sanity|health|canary|acceptance|prod|live|monitor|lighthouse|zap|dast/i;

function isTest({ tests, deploys, job }: JobActs): boolean {
  return tests.length > 0 && deploys.length === 0 && !AFTERWARDS.test(job.name);
}

/** None of the pipeline's tests ends before the deployment begins. */
function untestedDeploys(document: PipelineDocument, jobs: readonly JobActs[]): readonly Found[] {
  const tests = jobs.filter((one) => isTest(one) && !isConditional(document, one.job));
  const first = tests.find(({ job }) => !job.manual);
  if (first === undefined || document.system === "jenkins") return [];
  const untested = jobs.filter((one) => {
    if (one.deploys.length === 0 || one.tests.length > 0 || one.job.manual) return false;
    if (isForRehearsal(`${one.job.name} ${one.job.environment ?? ""}`)) return false;
    const before = waitsFor(document, one.job);
    // What it waits for may be tested in a file that is not read here.
    if ([...before].some(({ unread }) => unread)) return false;
    if (jobs.some((other) => other.tests.length > 0 && before.has(other.job))) return false;
    return !tests.every(
      ({ job }) => waitsFor(document, job).has(one.job) && job.needs !== undefined,
    );
  });
  const [deploy] = untested;
  if (deploy === undefined) return [];
  const each = untested.map(({ job }) => job.name);
  const names = listed(each);
  const deployed = subject(each, { one: "deploys", several: "deploy" });
  return [
    {
      severity: "warning",
      message: `${deployed} without waiting for ${listed(tests.map(({ job }) => job.name))}`,
      places: placesOf(deploy.at, [...deploy.deploys.slice(0, 1), first.at]),
      why: "Code whose tests fail is in production before the pipeline turns red.",
      fix: `let ${names} wait for the tests: \`needs: [${first.job.name}]\``,
    },
  ];
}

function isConditional({ system }: PipelineDocument, { condition }: PipelineJob): boolean {
  return system === "github" && condition !== undefined;
}

/** Production can be deployed before the tests that run against the test environment. */
function testsAfterProduction(
  document: PipelineDocument,
  jobs: readonly JobActs[],
): readonly Found[] {
  if (document.system === "github") return [];
  const production = jobs.filter((one) => one.deploys.length > 0 && isForProduction(one));
  const rehearsal = jobs.some(
    ({ deploys, job }) =>
      deploys.length > 0 && isForRehearsal(`${job.name} ${job.environment ?? ""}`),
  );
  if (!rehearsal) return [];
  return production.flatMap((deploy): readonly Found[] => {
    const late = jobs.filter((one) => {
      if (!isTest(one) || one.job.needs !== undefined) return false;
      return waitsFor(document, one.job).has(deploy.job);
    });
    const [test] = late;
    if (test === undefined) return [];
    const names = listed(late.map(({ job }) => job.name));
    return [
      {
        severity: "warning",
        message:
          `\`${deploy.job.name}\` (stage \`${deploy.job.stage ?? ""}\`) comes before the tests ` +
          `${names} (stage \`${test.job.stage ?? ""}\`)`,
        places: placesOf(deploy.at, [...late.map((one) => one.at), ...stageLine(document, test)]),
        why:
          "The release is in production, or one click away from it, before the tests that could " +
          "stop it have begun.",
        fix: `a stage for production after \`${late.at(-1)?.job.stage ?? ""}\``,
      },
    ];
  });
}

/** Where the order of the stages is written. */
function stageLine({ file }: PipelineDocument, { at: place, job }: JobActs): readonly Location[] {
  const lines = file.text.split("\n");
  const index = lines.findIndex((line) => line.trim() === `- ${job.stage ?? ""}`);
  if (index < 0 || file.origin === undefined)
    return index < 0 ? [] : [{ ...place, line: index + 1 }];
  return [{ ...file.origin(index + 1), as: file.path }];
}

/** A tag that everybody takes for the newest release is set by whoever pushed last. */
function latestOfAnyBranch(document: PipelineDocument, jobs: readonly JobActs[]): readonly Found[] {
  // Jenkins is told its branches outside the file.
  if (document.system === "jenkins") return [];
  return jobs.flatMap(({ job, pushes, at: place }): readonly Found[] => {
    const push = latestOf(pushes).find(({ conditional }) => !conditional);
    if (push === undefined || job.restricted || isLocal(push.image)) return [];
    return [
      {
        severity: "warning",
        message: `\`${job.name}\` pushes \`${push.image}\` from every branch`,
        places: [push.at, place],
        why:
          "A push to any branch replaces what `latest` means: the next restart or scale-out of " +
          "whatever runs `latest` starts code that nobody reviewed.",
        fix:
          document.system === "gitlab"
            ? "`rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]`, or only the commit's tag"
            : "`on: push: branches: [main]`, or push only the commit's tag from other branches",
      },
    ];
  });
}

function latestOf(pushes: JobActs["pushes"]): JobActs["pushes"] {
  return pushes.filter(({ image }) => image.endsWith(":latest"));
}

/** A registry on the runner itself. */
function isLocal(image: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|host\.docker\.internal|registry:\d)/.test(image);
}

function latestBeforeTests(document: PipelineDocument, jobs: readonly JobActs[]): readonly Found[] {
  return jobs.flatMap((pushing): readonly Found[] => {
    const [push] = latestOf(pushing.pushes);
    if (push === undefined || pushing.tests.length > 0 || isLocal(push.image)) return [];
    const before = waitsFor(document, pushing.job);
    if ([...before].some(({ unread }) => unread)) return [];
    const tests = jobs.filter(
      (one) => isTest(one) && one !== pushing && !isConditional(document, one.job),
    );
    const late = tests.filter(({ job }) => !before.has(job));
    const [test] = late;
    if (test === undefined) return [];
    return [
      {
        severity: late.length === tests.length ? "warning" : "note",
        message:
          `\`${pushing.job.name}\` pushes \`${push.image}\` before ` +
          listed(late.map(({ job }) => job.name)),
        places: placesOf(push.at, [test.at]),
        why: "`latest` then names code whose tests have not run, or have failed.",
        fix:
          "push the commit's own tag there, and `latest` after " +
          `\`${late.at(-1)?.job.name ?? ""}\``,
      },
    ];
  });
}
