import {
  dockerVerb,
  invocationOf,
  optionOf,
  type Invocation,
} from "../../../facts/scripts/invocation.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";

/** Words that make a program put a release to work (each product's command reference). */
const DEPLOYERS: ReadonlyMap<string, RegExp> = new Map([
  ["kubectl", /^(?:apply|set image|rollout restart|replace|patch)\b/],
  ["oc", /^(?:apply|set image|rollout|replace|start-build)\b/],
  ["helm", /^(?:upgrade|install)\b/],
  ["helmfile", /^(?:apply|sync)\b/],
  ["argocd", /^app (?:sync|set)\b/],
  ["ansible-playbook", /deploy|release|rollout/],
  ["aws", /^(?:ecs update-service|lambda update-function-code|deploy create-deployment)\b/],
  ["gcloud", /^(?:run deploy|app deploy|functions deploy)\b/],
  ["az", /^(?:webapp|containerapp|functionapp) .*(?:update|deploy)\b/],
  ["fly", /^deploy\b/],
  ["flyctl", /^deploy\b/],
  ["nomad", /^(?:job )?run\b/],
  ["cf", /^push\b/],
  ["heroku", /^container:release\b/],
]);
const GLOBAL_OPTION =
  /^(?:-n|--namespace|--context|--kubeconfig|--kube-context|--region|--profile)$/;
const WORDS_MAX = 60;

export function deployOf(command: ShellCommand): boolean {
  const run = invocationOf(command.expanded);
  if (run === undefined || command.expanded.some((word) => word.startsWith("--dry-run")))
    return false;
  const docker = dockerVerb([run.program, ...run.args]);
  if (docker?.verb === "stack") return docker.rest[1] === "deploy";
  if (docker?.verb === "service") return docker.rest[1] === "update";
  // On the runner itself a stack is brought up for a test.
  if (docker?.engine === "compose") return docker.verb === "up" && isRemote(command, run);
  return DEPLOYERS.get(run.program)?.test(verbText(run)) === true;
}

function isRemote({ carrier }: ShellCommand, { place }: Invocation): boolean {
  if (place.type === "remote") return true;
  return carrier !== undefined && carrier.words.includes("ssh");
}

/** The arguments without options that stand before the verb. */
function verbText({ args }: Invocation): string {
  const words: string[] = [];
  for (let index = 0; index < Math.min(args.length, WORDS_MAX); index += 1) {
    const word = args[index] ?? "";
    if (GLOBAL_OPTION.test(word)) index += 1;
    else if (!word.startsWith("-")) words.push(word);
  }
  return words.join(" ");
}

/** Images that a command pushes, as written. */
export function pushOf(command: ShellCommand): readonly string[] {
  const run = invocationOf(command.expanded);
  if (run === undefined) return [];
  const docker = dockerVerb([run.program, ...run.args]);
  if (docker?.engine === "docker" && docker.verb === "push") {
    const image = docker.rest.slice(1).find((word) => !word.startsWith("-"));
    return image === undefined ? [] : [image];
  }
  const builds = docker?.verb === "build" || docker?.verb === "buildx" || docker?.verb === "bake";
  if (!builds || !run.args.includes("--push")) return [];
  const image = optionOf(run.args, "-t", "--tag");
  return image === undefined ? [] : [image];
}

const TESTERS: ReadonlyMap<string, RegExp> = new Map([
  ["mvn", /\b(?:test|verify|integration-test)\b/],
  ["mvnw", /\b(?:test|verify|integration-test)\b/],
  ["gradle", /\b(?:test|check|integrationTest)\b/],
  ["gradlew", /\b(?:test|check|integrationTest)\b/],
  ["npm", /^(?:test|t|run(?:-script)? test\S*)\b/],
  ["yarn", /^(?:run )?test\b/],
  ["pnpm", /^(?:run )?test\b/],
  ["bun", /^(?:run )?test\b/],
  ["npx", /^(?:jest|vitest|mocha|playwright test|cypress run)\b/],
  ["go", /^test\b/],
  ["cargo", /^(?:test|nextest)\b/],
  ["dotnet", /^test\b/],
  ["php", /^artisan test\b|phpunit|pest/],
  ["python", /^-?m? ?(?:pytest|unittest)|manage\.py test/],
  ["python3", /^-?m? ?(?:pytest|unittest)|manage\.py test/],
  ["poetry", /^run pytest\b/],
  ["uv", /^run pytest\b/],
  ["make", /^test\b/],
  ["bundle", /^exec (?:rspec|rake (?:test|spec))\b/],
]);
const TEST_PROGRAMS = new Set(
  "pytest tox nox phpunit pest rspec jest vitest ctest bats".split(" "),
);

/** It runs the tests of the code that is built. */
export function testOf(command: ShellCommand): boolean {
  const run = invocationOf(command.expanded);
  if (
    run === undefined ||
    run.args.some((word) => /^-D(?:skipTests|maven\.test\.skip)/.test(word))
  ) {
    return false;
  }
  if (TEST_PROGRAMS.has(run.program)) return true;
  if (
    /^[\w-]{0,40}(?:integration|unit|performance|e2e|load)[-_]?tests?\.(?:sh|py)$/.test(run.program)
  ) {
    return true;
  }
  const words = run.args
    .slice(0, WORDS_MAX)
    .filter((word) => !/^--?(?:[a-z-]{1,30}=|B$|q$|s$)/.test(word));
  return TESTERS.get(run.program)?.test(words.join(" ").replace(/^-m /, "")) === true;
}
