import type { Component } from "../../../facts/fact.ts";
import { dockerVerb, invocationOf, optionOf } from "../../../facts/scripts/invocation.ts";
import { at, baseName, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { isForProduction, isRehearsal, pathOf } from "../containers/intent.ts";
import type { Found } from "../file-rule.ts";
import { listed, placesOf } from "./wording.ts";

/**
 * Services that are built where they run: what runs has no name, and no way back. A file may be in
 * several units; it is judged as the repository shows it, so that all of them say the same.
 */
export function composeBuilds(unit: Unit): readonly Found[] {
  const own = new Set(unit.documents.of("compose").map(({ file }) => file.path));
  const here = unit.repository.facts.of("component").filter(({ platform, build, image }) => {
    if (platform !== "compose" || build === undefined || image !== undefined) return false;
    return own.has(pathOf(build.at)) && isForProduction(unit, build.at);
  });
  const files = Map.groupBy(here, ({ build, at: place }) => pathOf(build?.at ?? place));
  return [...files].map(([path, services]) =>
    finding(services, upWithoutBuild(unit, path, services)),
  );
}

function finding(services: readonly Component[], up: Location | undefined): Found {
  const places = services.map(({ build, at: place }) => build?.at ?? place);
  const [first] = places;
  const names = listed(services.map(({ name }) => name));
  const own = placesOf(first ?? services[0]?.at ?? { file: "", line: 1 }, places.slice(1));
  const message =
    `${names}: built on the host that runs it, without an image's ` +
    `name${up === undefined ? "" : "; the deployment runs `up` without building"}`;
  return {
    severity: up === undefined ? "note" : "warning",
    message,
    places: up === undefined ? own : placesOf(up, own),
    why:
      up === undefined
        ? "Nobody can say which code runs, and there is no earlier image to go back to."
        : "`up` takes the image that was built before: the new code is fetched and never runs.",
    fix:
      up === undefined
        ? "build and push in CI, and name the tag: `image: registry/shop:${TAG:?}`"
        : "`up -d --build`, or better a tag that CI pushed",
  };
}

/** The line of a deployment script that brings one of them up and builds nowhere. */
function upWithoutBuild(
  unit: Unit,
  path: string,
  services: readonly Component[],
): Location | undefined {
  for (const { file, shell } of unit.repository.documents.of("shell")) {
    const isDeployment = /deploy|release|update|upgrade/i.test(baseName(file.path));
    if (!isDeployment || isRehearsal(file.path)) continue;
    // A script or Makefile of the project's own may build.
    if (shell.commands.some(({ words }) => /\b(?:bake|make|build)\b/.test(words.join(" "))))
      continue;
    const up = shell.commands.find(({ expanded }) => bringsUp(expanded, path, services));
    if (up !== undefined) return at(file, up.line);
  }
  return undefined;
}

function bringsUp(words: readonly string[], path: string, services: readonly Component[]): boolean {
  const run = invocationOf(words);
  const docker = run === undefined ? undefined : dockerVerb([run.program, ...run.args]);
  if (docker?.engine !== "compose" || docker.verb !== "up") return false;
  if (docker.rest.includes("--build")) return false;
  const operands = docker.rest.slice(1).filter((word) => !word.startsWith("-"));
  const names = new Set(services.map(({ name }) => name));
  const takesAll = operands.length === 0;
  if (!takesAll && !operands.some((word) => word.startsWith("$") || names.has(word))) return false;
  const file = optionOf(docker.options, "-f", "--file");
  if (file === undefined) return /^(?:docker-)?compose\.ya?ml$/.test(baseName(path));
  // Behind a variable stands the repository's top: what follows is the whole path.
  const rooted = /^\$(?:\w+|\{\w+\}|\([^()]*\))\/(.+)$/.exec(file)?.[1];
  return rooted === undefined ? baseName(file) === baseName(path) : rooted === path;
}
