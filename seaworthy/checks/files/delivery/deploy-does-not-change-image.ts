import type { Component } from "../../../facts/fact.ts";
import type { PipelineDocument } from "../../../facts/delivery/delivery.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { appliesOf, type Apply } from "./applies.ts";
import { composeBuilds } from "./compose-builds.ts";
import { expandedImage, jobsOf, type JobActs } from "./pipeline-jobs.ts";
import { placesOf, subject } from "./wording.ts";

/** A deployment that puts to work what already runs. */
export const deployDoesNotChangeImage: FileRule = {
  name: "deploy-does-not-change-image",
  summary: "a deployment applies the same image each time, or rolls out twice",
  check: (unit) => [
    ...unit.documents.of("pipeline").flatMap((document) => pipelineFindings(unit, document)),
    ...composeBuilds(unit),
  ],
};

/** An image that is pushed under a tag of its own, and that a manifest runs under another. */
interface Pair {
  readonly pushed: { readonly image: string; readonly at: Location };
  readonly component: Component & { readonly image: NonNullable<Component["image"]> };
}

function pipelineFindings(unit: Unit, document: PipelineDocument): readonly Found[] {
  const jobs = jobsOf(document);
  const pairs = pairsOf(unit, jobs);
  if (pairs.length === 0 || document.open) return [];
  const changes = jobs.some(({ text }) => CHANGES.test(text));
  const found = jobs.flatMap((acts): readonly Deployment[] => {
    const apply = appliesOf(acts).find((one) => appliedPair(unit, one, pairs) !== undefined);
    const pair = apply === undefined ? undefined : appliedPair(unit, apply, pairs);
    if (apply === undefined || pair === undefined || changes) return [];
    const sets = acts.commands.find(({ command: { expanded } }) => {
      return expanded[0] === "kubectl" && expanded.includes("set") && expanded.includes("image");
    });
    if (sets !== undefined) return [{ acts, pair, apply, sets: sets.at }];
    const mayChange = RESTARTS.test(acts.text) || CALLS_SCRIPT.test(acts.text);
    return mayChange ? [] : [{ acts, pair, apply, sets: undefined }];
  });
  const groups = Map.groupBy(found, ({ pair, sets }) => {
    return `${String(sets === undefined)} ${pair.component.image.value}`;
  });
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [first.sets === undefined ? unchanged(first, group) : twice(first, group)];
  });
}

interface Deployment {
  readonly acts: JobActs;
  readonly pair: Pair;
  readonly apply: Apply;
  /** Where it sets another image after that. */
  readonly sets: Location | undefined;
}

/** Whatever puts the new tag into a manifest, in this job or one before it. */
const CHANGES = new RegExp(
  String.raw`\b(?:sed|envsubst|yq|perl|helm|skaffold|gomplate)\b|kustomize edit|set-image` +
    String.raw`|update-manifest|\bjinja|\bimages?=`,
  "i",
);
const RESTARTS = /rollout restart|set image|\bpatch\b|delete pods?/;
const CALLS_SCRIPT = /(?:^|[\s/])[\w-]+\.(?:sh|py)\b|\bmake\b|\bansible-playbook\b/;

function pairsOf(unit: Unit, jobs: readonly JobActs[]): readonly Pair[] {
  const pushed = jobs.flatMap(({ job, pushes }) =>
    pushes
      .filter(({ image }) => /:[^/:]*\$[^/]*$/.test(image))
      .map(({ image, at }) => ({ image: expandedImage(image, job.variables), at })),
  );
  return unit.repository.facts.of("component").flatMap((component): readonly Pair[] => {
    const { image, platform } = component;
    if (platform !== "kubernetes" || image === undefined || !isConstant(image.value)) return [];
    const own = pushed.find((one) => isSameRepository(one.image, image.value));
    return own === undefined ? [] : [{ pushed: own, component: { ...component, image } }];
  });
}

/** No variable, template or placeholder in it. */
function isConstant(image: string): boolean {
  return !/[${}<>%]|__|:[A-Z_]{3,}$/.test(image);
}

/** One may leave out the registry that the other names. */
function isSameRepository(pushed: string, run: string): boolean {
  const [left, right] = [repository(pushed), repository(run)];
  if (!left.includes("/") && !right.includes("/")) return left === right;
  return left === right || left.endsWith(`/${right}`) || right.endsWith(`/${left}`);
}

function repository(image: string): string {
  const [named = ""] = image.split("@", 1);
  const colon = named.search(/:[^/]*$/);
  return colon < 0 ? named : named.slice(0, colon);
}

/** The manifest that is applied; any of the tree where the applied path is not in it. */
function appliedPair(unit: Unit, { paths }: Apply, pairs: readonly Pair[]): Pair | undefined {
  const { tree } = unit.repository.documents;
  const folders = paths.map((path) => path.replace(/^\.\//, "").replace(/\/?(?:\*.*)?$/, ""));
  const known = folders.filter((path) => path !== "" && tree.has(path));
  if (known.length === 0) return tree.guide === undefined ? undefined : pairs[0];
  return pairs.find(({ component }) => {
    const path = component.at.as ?? component.at.file;
    return known.some((folder) => path === folder || path.startsWith(`${folder}/`));
  });
}

function applies(all: readonly Deployment[]): string {
  const names = all.map(({ acts }) => acts.job.name);
  return subject(names, { one: "applies", several: "apply" });
}

function unchanged(first: Deployment, all: readonly Deployment[]): Found {
  const { component, pushed } = first.pair;
  return {
    severity: "warning",
    message:
      `${applies(all)} \`${component.name}\` with the ` +
      `constant image \`${component.image.value}\`, and the pipeline pushes \`${pushed.image}\``,
    places: placesOf(first.apply.at, [
      component.image.at,
      pushed.at,
      ...all.map(({ apply }) => apply.at),
    ]),
    why:
      "The manifest is the one that is applied already, so Kubernetes changes nothing: the " +
      "pipeline is green and the old code goes on running.",
    fix: "`kustomize edit set image` (or `kubectl set image`) with the pushed tag in this job",
  };
}

function twice(first: Deployment, all: readonly Deployment[]): Found {
  const { component } = first.pair;
  return {
    severity: "note",
    message:
      `${applies(all)} \`${component.image.value}\` and ` + "then sets another image: two rollouts",
    places: placesOf(first.sets ?? first.apply.at, [
      first.apply.at,
      component.image.at,
      ...all.map(({ sets, apply }) => sets ?? apply.at),
    ]),
    why:
      "Each deployment first rolls back to the manifest's image, then forward: twice the " +
      "restarts, and the old code stays when the second command fails.",
    fix: "put the tag into the manifest (`kustomize edit set image`) and apply once",
  };
}
