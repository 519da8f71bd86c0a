import type { ServedPath } from "../../../facts/fact.ts";
import { walk } from "../../../facts/proxies/nginx.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

/** Paths that somebody takes for "it works": not a page that says that the proxy itself is up. */
const HEALTH = /^\/(api\/)?(v\d+\/)?(health(z|check|-check)?|ready(z)?|readiness|status)\/?$/;

export const staticHealthAnswer: FileRule = {
  name: "static-health-answer",
  summary: "a health address answers the same whatever happens behind it",
  check: (unit) => [
    ...ofProxies(unit),
    ...unit.facts.of("served-path").flatMap((served) => ofApplication(unit, served)),
  ],
};

/** A proxy that answers for the programs behind it, said once for each of its files. */
function ofProxies(unit: Unit): readonly Found[] {
  const all = unit.facts.of("served-path").filter((served) => answersItself(unit, served));
  return [...Map.groupBy(all, ({ at }) => at.as ?? at.file).values()].flatMap((group) =>
    ofProxy(group),
  );
}

function answersItself(unit: Unit, served: ServedPath): boolean {
  const { constantStatus, path, by } = served;
  if (by === "application" || constantStatus === undefined || constantStatus >= 300) return false;
  return (
    HEALTH.test(path) &&
    passesOn(unit, served) &&
    !isOwnProbe(unit, path) &&
    !servesFiles(unit, served)
  );
}

/** Pages of its own: whether this server is up is what there is to say of them. */
function servesFiles(unit: Unit, { at }: ServedPath): boolean {
  const document = unit.documents.of("nginx").find(({ file }) => file.path === (at.as ?? at.file));
  return [...walk(document?.directives ?? [])].some(
    ({ directive: { name, words } }) => name === "try_files" && !words[0]?.startsWith("@"),
  );
}

function ofProxy(group: readonly ServedPath[]): readonly Found[] {
  const [served, ...others] = group;
  if (served === undefined) return [];
  const { constantStatus, by } = served;
  const path = [...new Set(group.map((one) => one.path))].join(", ");
  return [
    {
      severity: "warning",
      message: `${by} answers ${path} with ${constantStatus} itself, however its back ends are`,
      places: [served.at, ...others.map(({ at }) => at)],
      why:
        "whoever watches this address (a load balancer outside, a probe, a person) is told that " +
        "all is well while every back end is down: the outage is found by customers",
      fix: `pass ${path} on to the back ends, or name it as the proxy's own (/${by}-health)`,
    },
  ];
}

/** The same file sends other paths to somebody else. */
function passesOn(unit: Unit, { at }: ServedPath): boolean {
  return unit.facts
    .of("call")
    .some((call) => call.via === "upstream" && (call.at.as ?? call.at.file) === (at.as ?? at.file));
}

/** Asked only by the container in which the proxy runs: then it speaks of the proxy alone. */
function isOwnProbe(unit: Unit, path: string): boolean {
  return unit.facts.of("component").some(({ image, build, probes }) => {
    const name = image?.value ?? build?.value.context ?? "";
    return (
      /nginx|haproxy|front|web|ui|proxy|gateway/i.test(name) &&
      probes.some(({ check }) =>
        check.type === "http"
          ? check.path === path
          : check.type === "exec" && check.command.join(" ").includes(path),
      )
    );
  });
}

/** A handler that can give one answer only, and that somebody relies on. */
function ofApplication(unit: Unit, served: ServedPath): readonly Found[] {
  const { constantStatus, path, by, undefinedNames = [] } = served;
  if (by !== "application" || constantStatus === undefined || undefinedNames.length === 0)
    return [];
  const names = [...new Set(undefinedNames.map(({ value }) => value))];
  const asked = probesOf(unit, path);
  if (constantStatus < 400 || (asked.length === 0 && !HEALTH.test(path))) return [];
  return [
    {
      severity: "error",
      message:
        `${path} can only ever answer ${constantStatus}: its checks use ${names.join(" and ")}, ` +
        "which the file never defines, and swallow the error",
      places: [served.at, ...undefinedNames.map(({ at }) => at), ...asked],
      why:
        "whatever probes it takes the program for broken from the first second: instances are " +
        "restarted in a loop, or never get a request",
      fix: "mend the handler so that it answers 200 when it could do its work",
    },
  ];
}

function probesOf(unit: Unit, path: string) {
  return unit.facts
    .of("component")
    .flatMap(({ probes }) => probes)
    .filter(({ check }) => check.type === "http" && check.path === path)
    .map(({ at }) => at);
}
