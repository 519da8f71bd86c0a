import type { Component, ProbeFact, ServedPath } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";
import { pathOf, ownSources } from "./handlers.ts";
import { redirectedChecks } from "./redirected-checks.ts";

/** Paths that say how a program is. */
const HEALTH =
  /\/(?:health|healthz|healthcheck|health-check|ready|readyz|readiness|livez|liveness|live)\/?$/i;

export const healthPathMismatch: FileRule = {
  name: "health-path-mismatch",
  summary: "a health check asks a path that nobody serves, or takes a redirect for health",
  check: (unit) => [
    ...unit.facts.of("component").flatMap((component) => ofComponent(unit, component)),
    ...redirectedChecks(unit),
  ],
};

function ofComponent(unit: Unit, component: Component): readonly Found[] {
  const served = ownSources(unit, component);
  const healthy = served.filter(({ path }) => HEALTH.test(path));
  // Routes that the source makes in other ways are not seen: one health route must be.
  if (healthy.length === 0) return [];
  const wrong = component.probes.flatMap((probe) => {
    const path = pathOf(probe);
    return path === undefined || isServed(path, served) ? [] : [{ probe, path }];
  });
  const [first, ...others] = wrong;
  const [handler] = healthy;
  if (first === undefined || handler === undefined) return [];
  const paths = listed(wrong.map(({ path }) => path));
  return [
    {
      severity: isSample(first.probe.at.as ?? first.probe.at.file) ? "note" : "error",
      message:
        `${listed(wrong.map(({ probe }) => said(probe)))} of ${component.name} asks ${paths}, ` +
        `but the application serves ${listed(healthy.map(({ path }) => path))}`,
      places: [first.probe.at, handler.at, ...others.map(({ probe }) => probe.at)],
      why: WHY[first.probe.purpose],
      fix: `ask ${handler.path}, or add a route for ${paths}`,
    },
  ];
}

function said({ purpose }: ProbeFact): string {
  return purpose === "health" ? "the health check" : purpose;
}

const WHY = {
  readiness: "the path answers 404: no pod ever becomes ready, and the Service has no endpoints",
  liveness: "the path answers 404: every pod is killed again and again",
  startup: "the path answers 404: every pod is killed before it is let start",
  health: "the check answers 404: the container is unhealthy for ever, and what waits for it too",
} as const;

/** Some route answers it: exactly, as its prefix, or below a prefix that is not seen. */
function isServed(path: string, served: readonly ServedPath[]): boolean {
  if (path === "/" || !HEALTH.test(path)) return true;
  if (path.includes("/actuator") && served.some(({ framework }) => framework === "spring-boot")) {
    return true;
  }
  const wanted = trimmed(path);
  return served.some((one) => {
    const known = trimmed(one.path);
    if (known === wanted || wanted.endsWith(known)) return true;
    return one.prefix && wanted.startsWith(`${known}/`);
  });
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
