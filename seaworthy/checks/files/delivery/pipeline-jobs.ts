import { at, type Location } from "../../../facts/source.ts";
import type { PipelineDocument, PipelineJob } from "../../../facts/delivery/delivery.ts";
import { invocationOf } from "../../../facts/scripts/invocation.ts";
import { readShell, type ShellCommand } from "../../../facts/scripts/shell.ts";
import { deployOf, pushOf, testOf } from "./pipeline-verbs.ts";

/** A job of a pipeline, and what it does. */
export interface JobActs {
  readonly job: PipelineJob;
  readonly at: Location;
  readonly commands: readonly JobCommand[];
  readonly pushes: readonly JobPush[];
  readonly deploys: readonly Location[];
  readonly tests: readonly Location[];
  /** All of its commands and what its actions are given. */
  readonly text: string;
}

export interface JobCommand {
  readonly command: ShellCommand;
  readonly at: Location;
  readonly conditional: boolean;
}

interface JobPush {
  readonly image: string;
  readonly at: Location;
  readonly conditional: boolean;
}

const COMMANDS_MAX = 2_000;
const known = new WeakMap<PipelineDocument, readonly JobActs[]>();

export function jobsOf(document: PipelineDocument): readonly JobActs[] {
  const before = known.get(document);
  if (before !== undefined) return before;
  const made = document.jobs.map((job) => actsIn(document, job));
  known.set(document, made);
  return made;
}

function actsIn({ file }: PipelineDocument, job: PipelineJob): JobActs {
  const commands = job.commands.slice(0, COMMANDS_MAX).flatMap(({ line, text, conditional }) =>
    readShell(text, { firstLine: line, errexit: true }).commands.map((command): JobCommand => {
      const guarded = conditional || command.guards.some(({ when }) => when !== "loop");
      return { command, at: at(file, command.line), conditional: guarded };
    }),
  );
  const text = [...job.commands.map((one) => one.text), ...job.uses.map((one) => one.given)];
  const isLocal = LOCAL_CLUSTER.test([...text, ...job.uses.map(({ name }) => name)].join("\n"));
  const deploys = isLocal ? [] : commands.filter(({ command }) => deployOf(command));
  const actions = job.uses.filter((use) => !isLocal && isDeployAction(use.name, use.given));
  return {
    job,
    at: at(file, job.line),
    commands,
    pushes: [...commands.flatMap(pushesOf), ...job.uses.flatMap((use) => actionPush(use, file))],
    deploys: [...deploys.map((one) => one.at), ...actions.map(({ line }) => at(file, line))],
    tests: commands.filter(({ command }) => testOf(command)).map((one) => one.at),
    text: text.join("\n"),
  };
}

/** A cluster that the job makes for itself: what is deployed there is a test. */
const LOCAL_CLUSTER =
  /\b(?:kind create|kind-action|minikube|k3d|k3s|microk8s|setup-kind|chart-testing)\b/i;

function isDeployAction(name: string, given: string): boolean {
  if (name.startsWith("appleboy/ssh-action")) return /\b(?:docker|kubectl|deploy)\b/.test(given);
  return (
    /^(?:azure\/(?:k8s-deploy|webapps-deploy)|google-github-actions\/deploy-|superfly\/)/i.test(
      name,
    ) ||
    /^aws-actions\/amazon-ecs-deploy/i.test(name) ||
    name === "kubernetesDeploy"
  );
}

function pushesOf({ command, at: place, conditional }: JobCommand): readonly JobPush[] {
  return pushOf(command).map((image) => ({ image, at: place, conditional }));
}

function actionPush(
  { name, given, line, conditional }: PipelineJob["uses"][number],
  file: PipelineDocument["file"],
): readonly JobPush[] {
  const place = at(file, line);
  if (name === "docker.push") return [{ image: given, at: place, conditional }];
  if (!name.startsWith("docker/build-push-action") || !/^push=(?:true|\$)/m.test(given)) return [];
  // `push: ${{ github.ref == … }}` is a condition.
  const asked = conditional || /^push=\$/m.test(given);
  const tags = /^tags=([\s\S]*?)(?=^[\w-]{1,40}=|$(?![\s\S]))/m.exec(given)?.[1] ?? "";
  return tags
    .split(/[\n,]/)
    .map((tag) => tag.trim())
    .filter((tag) => /^\S.*[/:]/.test(tag) || tag.startsWith("$"))
    .map((image) => ({ image, at: place, conditional: asked }));
}

/** Programs of a job, by their names. */
export function programsOf({ commands }: JobActs): ReadonlySet<string> {
  return new Set(commands.flatMap(({ command }) => invocationOf(command.expanded)?.program ?? []));
}

/** Jobs that have ended when this one begins. */
export function waitsFor(document: PipelineDocument, job: PipelineJob): ReadonlySet<PipelineJob> {
  const found = new Set<PipelineJob>();
  const open = [job];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const before of directly(document, next)) {
      if (found.has(before)) continue;
      found.add(before);
      open.push(before);
    }
  }
  found.delete(job);
  return found;
}

function directly(document: PipelineDocument, job: PipelineJob): readonly PipelineJob[] {
  const { jobs, stages, system } = document;
  const { needs } = job;
  // A stage of Jenkins is its own job, and names may be used twice.
  if (system === "jenkins") return jobs.slice(0, jobs.indexOf(job));
  if (needs !== undefined) return jobs.filter(({ name }) => needs.includes(name));
  const own = stages.indexOf(job.stage ?? "");
  return jobs.filter(({ stage }) => stages.indexOf(stage ?? "") < own);
}

/** It touches what users use, as far as names tell. */
export function isForProduction({ job, text }: JobActs): boolean {
  const names = `${job.name} ${job.environment ?? ""}`;
  const words = /(?:^|[^a-z])(?:prod|production|live|生产)(?![a-z])/i;
  if (words.test(names)) return true;
  return !isForRehearsal(names) && job.environment === undefined && words.test(text);
}

const REHEARSAL = new RegExp(
  String.raw`(?:^|[^a-z])(?:dev|develop|test|testing|qa|stag\w{0,6}|uat|preview|review|sandbox` +
    String.raw`|测试|预发)(?![a-z])`,
  "i",
);

export function isForRehearsal(names: string): boolean {
  return REHEARSAL.test(names);
}

const ROUNDS_MAX = 5;

/** An image with the variables that are known put in: `$X`, `${X}`, `${env.X}`, `${{ env.X }}`. */
export function expandedImage(image: string, variables: ReadonlyMap<string, string>): string {
  const reference =
    /\$\{\{\s{0,9}env\.(\w{1,100})\s{0,9}\}\}|\$\{(?:env\.)?(\w{1,100})\}|\$(\w{1,100})/g;
  let text = image;
  for (let round = 0; round < ROUNDS_MAX && text.includes("$"); round += 1) {
    text = text.replace(reference, (whole: string, ...names: readonly unknown[]) => {
      const name = names.slice(0, 3).find((one) => typeof one === "string");
      return (typeof name === "string" ? variables.get(name) : undefined) ?? whole;
    });
    if (text.length > 1_000) return image;
  }
  return text;
}
