import type { Feature, Pledge } from "../../../facts/fact.ts";
import { at, baseName, type Location } from "../../../facts/source.ts";
import { dockerVerb, invocationOf } from "../../../facts/scripts/invocation.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { inEffect } from "./in-effect.ts";
import { placesOf } from "./wording.ts";

/** Features that are promised where the only procedure in sight does something else. */
export function promisesInProse(unit: Unit): readonly Found[] {
  return [...inPlaceReleases(unit), ...failoverByHand(unit)];
}

function promiseOf(unit: Unit, ...features: readonly Feature[]): Pledge | undefined {
  return unit.facts.of("pledge").find(({ feature, at: place }) => {
    return feature !== undefined && features.includes(feature) && inEffect(place);
  });
}

/** Two versions side by side are promised, and the deployment recreates the containers. */
function inPlaceReleases(unit: Unit): readonly Found[] {
  const promise = promiseOf(unit, "blue-green");
  if (promise === undefined || unit.documents.of("manifest").length > 0) return [];
  const others = unit.documents.all.filter(({ kind }) => kind !== "prose");
  if (others.some(({ file }) => /\b(?:blue|green|canary)\b|蓝|绿/i.test(file.text))) return [];
  const recreated = recreates(unit);
  if (recreated === undefined) return [];
  return [
    {
      severity: "note",
      message: `\`${promise.text}\` is promised, and the only deployment here recreates what runs`,
      places: placesOf(promise.at, [recreated]),
      why: "Each release is an outage as long as the start, with nothing to switch back to.",
      fix: "a second set of instances behind the proxy that is switched over, or drop the promise",
    },
  ];
}

function recreates(unit: Unit): Location | undefined {
  for (const { file, shell } of unit.documents.of("shell")) {
    const found = shell.commands.find(({ expanded }) => {
      const run = invocationOf(expanded);
      const docker = run === undefined ? undefined : dockerVerb([run.program, ...run.args]);
      return docker?.engine === "compose" && ["up", "down", "restart"].includes(docker.verb);
    });
    if (found !== undefined) return at(file, found.line);
  }
  return undefined;
}

/** Failover is promised as automatic, and a script that nothing starts does it. */
function failoverByHand(unit: Unit): readonly Found[] {
  const promise = promiseOf(unit, "automatic-failover");
  if (promise === undefined) return [];
  const script = unit.documents.of("shell").find(({ file, isScript }) => {
    return (
      isScript &&
      /fail-?over|disaster|switch-?over|(?:^|[_-])dr(?:[_.-]|$)/i.test(baseName(file.path))
    );
  });
  if (script === undefined) return [];
  const name = baseName(script.file.path);
  const started = unit.facts.of("schedule").some(({ command }) => command.includes(name));
  const called = unit.facts.of("step").some(({ words, at: place }) => {
    return (
      (place.as ?? place.file) !== script.file.path && words.some((word) => baseName(word) === name)
    );
  });
  if (started || called) return [];
  return [
    {
      severity: "note",
      message: `failover is promised to be automatic, and \`${name}\` is started by nothing`,
      places: placesOf(promise.at, [at(script.file, 1)]),
      why: "At the failure everybody waits for something that only a person can start.",
      fix: "say that it is done by hand and by whom, or let something with a quorum decide it",
    },
  ];
}
