import type { Component } from "../../../facts/fact.ts";
import { addressOf } from "../../../facts/monitoring/address.ts";
import type { ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import type { Unit } from "../../../facts/unit.ts";
import { matches } from "./label-match.ts";

/** The programs of one's own that a job scrapes: what is built here, under its name or label. */
export function applicationsOf(unit: Unit, job: ScrapeConfig): readonly Component[] {
  const named = job.targets.flatMap(
    ({ value }) => componentOf(unit, addressOf(value)?.host ?? "") ?? [],
  );
  return [...named, ...keptBy(unit, job)].filter((component) => isOwn(unit, component));
}

/** What runs under a host's name. */
export function componentOf(unit: Unit, host: string): Component | undefined {
  const resolution = unit.resolve(host);
  if (resolution.state === "component") return resolution.component;
  if (resolution.state !== "name") return undefined;
  const [name] = resolution.name.components;
  return unit.facts.of("component").find((component) => component.name === name);
}

/** It is built here, by compose or under this name by a script, or its source is here. */
export function isOwn(unit: Unit, component: Component): boolean {
  if (component.build !== undefined || isProbedRoute(unit, component)) return true;
  const image = lastPart(component.image?.value);
  if (image === undefined) return false;
  return unit.repository.facts.of("built-image").some((built) => lastPart(built.image) === image);
}

/** A path that the platform asks it for stands in source code of the unit: that is its source. */
function isProbedRoute(unit: Unit, { probes }: Component): boolean {
  const paths = probes.flatMap(({ check }) => (check.type === "http" ? [check.path] : []));
  return unit.facts
    .of("served-path")
    .some(({ by, path }) => by === "application" && path !== "/" && paths.includes(path));
}

function lastPart(image: string | undefined): string | undefined {
  if (image === undefined) return undefined;
  const [name = ""] = image.slice(image.lastIndexOf("/") + 1).split(/[:@]/, 1);
  return /^[\w.-]+$/.test(name) ? name : undefined;
}

/** The components that `keep` on a label of pods or services leaves; none where nothing is kept. */
export function keptBy(unit: Unit, job: ScrapeConfig): readonly Component[] {
  const [keep] = job.relabel.flatMap(({ action, sources, regex }) => {
    const label = /^__meta_kubernetes_(?:pod|service)_label_(\w+)$/.exec(sources[0] ?? "")?.[1];
    const isOne = action === "keep" && sources.length === 1;
    return isOne && label !== undefined && regex !== undefined ? [{ label, regex }] : [];
  });
  if (keep === undefined) return [];
  return unit.facts.of("component").filter((component) => hasLabel(component, keep));
}

function hasLabel(
  { labels }: Component,
  { label, regex }: { readonly label: string; readonly regex: string },
): boolean {
  return [...labels].some(
    ([name, { value }]) =>
      name.replaceAll(/\W/g, "_") === label && matches({ name, op: "=~", value: regex }, value),
  );
}
