import { entryProgram } from "../../../catalogues/pipelines/entry-programs.ts";
import { misspeltStep, unusableStep } from "../../../catalogues/pipelines/jenkins-steps.ts";
import type { PipelineDocument, PipelineUse } from "../../../facts/delivery/delivery.ts";
import { at, baseName } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { jobsOf } from "./pipeline-jobs.ts";
import { pushesWithoutLogin } from "./push-login.ts";
import { unusedCaches } from "./pipeline-caches.ts";
import { placesOf, subject } from "./wording.ts";

/** A step that does not exist, an image that runs no scripts, a push that nobody logged in for. */
export const ciStepCannotRun: FileRule = {
  name: "ci-step-cannot-run",
  summary: "a step of a pipeline cannot run: no such step, no shell, no login",
  check: (unit) =>
    unit.documents
      .of("pipeline")
      .flatMap((document) => [
        ...unknownSteps(unit, document),
        ...imagesWithoutShell(document),
        ...pushesWithoutLogin(document, jobsOf(document)),
        ...unusedCaches(unit, document),
      ]),
};

function unknownSteps(unit: Unit, document: PipelineDocument): readonly Found[] {
  if (document.system !== "jenkins") return [];
  const uses = document.jobs.flatMap((job) => job.uses);
  const names = new Set(uses.map(({ name }) => name));
  return [...names].flatMap((name) => {
    if (isOwnStep(unit, document, name)) return [];
    const these = uses.filter((use) => use.name === name);
    return unknownStep(document, name, these);
  });
}

/** A function of the file, or a file of a shared library's `vars`. */
function isOwnStep(unit: Unit, { file, open }: PipelineDocument, name: string): boolean {
  if (open) return true;
  const defined = new RegExp(`\\b(?:def|void|String|boolean|Map|List)\\s{1,9}${name}\\s{0,9}[(=]`);
  if (/^\w+$/.test(name) && defined.test(file.text)) return true;
  return unit.repository.documents.tree.files.some(
    ({ path }) => baseName(path) === `${name}.groovy`,
  );
}

function unknownStep(
  { file }: PipelineDocument,
  name: string,
  uses: readonly PipelineUse[],
): readonly Found[] {
  const [first] = uses;
  if (first === undefined) return [];
  const places = placesOf(
    at(file, first.line),
    uses.map(({ line }) => at(file, line)),
  );
  const why =
    "Jenkins ends the build with `No such DSL method` at this step: all that follows, the " +
    "deployment among it, never runs.";
  const unusable = unusableStep(name);
  if (unusable !== undefined) {
    const { because, instead } = unusable;
    const message = `\`${name}\`: ${because}`;
    return [{ severity: "warning", message, places, why, fix: `${instead} in its place` }];
  }
  // In a script block the name may be a variable's or a method's.
  const slip = uses.some(({ scripted }) => scripted === true) ? undefined : misspeltStep(name);
  if (slip === undefined) return [];
  const message = `Jenkins knows no step \`${name}\``;
  return [{ severity: "warning", message, places, why, fix: `\`${slip}\`` }];
}

/** GitLab's runner starts the image with a shell as its argument. */
function imagesWithoutShell(document: PipelineDocument): readonly Found[] {
  if (document.system !== "gitlab") return [];
  const images = document.jobs.flatMap(({ name: job, image }) => {
    const program = image === undefined || image.entrypoint ? undefined : entryProgram(image.name);
    return image === undefined || program === undefined ? [] : [{ job, image, program }];
  });
  return [...Map.groupBy(images, ({ image }) => image.name)].flatMap(([name, these]) => {
    const [first] = these;
    if (first === undefined) return [];
    const { file } = document;
    return [
      {
        severity: "warning" as const,
        message:
          `${subject(
            these.map(({ job }) => job),
            { one: "runs", several: "run" },
          )} in \`${name}\`, whose entry point is ` + `\`${first.program}\` and no shell`,
        places: placesOf(
          at(file, first.image.line),
          these.map(({ image }) => at(file, image.line)),
        ),
        why:
          `The runner starts \`${first.program} sh -c …\`, which fails before the first line of ` +
          "the script; only a runner on Kubernetes leaves the entry point out.",
        fix: `\`image: {name: ${name}, entrypoint: [""]}\``,
      },
    ];
  });
}
