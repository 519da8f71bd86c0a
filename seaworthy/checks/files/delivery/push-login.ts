import type { PipelineDocument } from "../../../facts/delivery/delivery.ts";
import type { Found } from "../file-rule.ts";
import type { JobActs } from "./pipeline-jobs.ts";
import { placesOf, subject } from "./wording.ts";

/** Commands and files that give a client of a registry its credentials. */
const LOGIN = new RegExp(
  String.raw`\b(?:login|auth)\b|get-login|configure-docker|docker-credential|config\.json` +
    String.raw`|DOCKER_AUTH_CONFIG|DOCKER_CONFIG|registry-creds|--authfile|--creds\b`,
  "i",
);
const LOGIN_ACTION = /login|auth|ecr|registry|credential|gcloud|setup-docker/i;

/** A push from a machine that is new each time, in a job that never logs in. */
export function pushesWithoutLogin(
  document: PipelineDocument,
  jobs: readonly JobActs[],
): readonly Found[] {
  if (document.system === "jenkins" || document.open) return [];
  const pushing = jobs.filter((acts) => {
    const { job, text, pushes } = acts;
    if (pushes.length === 0 || job.unread || !job.hosted || !isContained(document, acts))
      return false;
    const given = [text, ...job.variables.keys()].join("\n");
    if (LOGIN.test(given) || job.uses.some(({ name }) => LOGIN_ACTION.test(name))) return false;
    // A script of the tree may do it.
    if (/(?:^|[\s/])[\w-]+\.(?:sh|py)\b|\bmake\b/.test(text)) return false;
    return pushes.some(({ image }) => needsLogin(image));
  });
  const [first] = pushing;
  const [push] = (first?.pushes ?? []).filter(({ image }) => needsLogin(image));
  if (first === undefined || push === undefined) return [];
  return [
    {
      severity: "warning",
      message: `${subject(
        pushing.map(({ job }) => job.name),
        { one: "pushes", several: "push" },
      )} \`${push.image}\`, and no step before it logs in`,
      places: placesOf(push.at, [
        ...pushing.flatMap(({ pushes }) => pushes[0]?.at ?? []),
        first.at,
      ]),
      why:
        "The job's client starts without credentials: the registry refuses the push " +
        "(`denied`, `no basic auth credentials`), and what is deployed is the old image.",
      fix:
        document.system === "gitlab"
          ? '`echo "$CI_REGISTRY_PASSWORD" | docker login -u "$CI_REGISTRY_USER" --password' +
            "-stdin $CI_REGISTRY` in `before_script`"
          : "a step with `docker/login-action` before it",
    },
  ];
}

/** On a shell runner the machine's own credentials may serve. */
function isContained({ system }: PipelineDocument, { job }: JobActs): boolean {
  if (system === "github") return true;
  return job.image !== undefined || job.services.some((name) => /\bdind\b/.test(name));
}

function needsLogin(image: string): boolean {
  return !/^(?:localhost|127\.0\.0\.1|registry:\d|host\.docker\.internal|ttl\.sh\/)/.test(image);
}
