import { productNamed, productOf, type Product } from "../../../catalogues/metrics/metrics.ts";
import { parseImageRef } from "../../../catalogues/images/image-ref.ts";
import type { Component } from "../../../facts/fact.ts";
import { addressOf } from "../../../facts/monitoring/address.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import type { Unit } from "../../../facts/unit.ts";
import { matches } from "./label-match.ts";

/** What a unit's Prometheus sees, as far as the files tell. */
export interface Scraped {
  readonly products: readonly Product[];
  /** Programs of one's own: their metrics stand in their source. */
  readonly applications: readonly Component[];
  /** `open`: something unknown is scraped; `cluster`: what else the cluster runs may be. */
  readonly world: "closed" | "cluster" | "open";
}

interface Sight {
  readonly products?: readonly Product[];
  readonly application?: Component;
  readonly world?: "cluster" | "open";
}

/** These hand on what others push to them: any name may come from there. */
const RELAYS: ReadonlySet<string> = new Set(["pushgateway", "jmx-exporter"]);

/** Undefined when no Prometheus of the unit scrapes anything. */
export function scrapedIn(unit: Unit): Scraped | undefined {
  const jobs = monitoringIn(unit.documents, "prometheus").flatMap((document) => document.jobs);
  if (jobs.length === 0) return undefined;
  const sights = jobs.flatMap((job) => sightsOf(unit, job));
  const always = ["prometheus-scrape"].flatMap((name) => productNamed(name) ?? []);
  const products = [...new Set([...always, ...sights.flatMap((sight) => sight.products ?? [])])];
  const worlds = sights.flatMap(({ world }) => world ?? []);
  const isOpen = worlds.includes("open") || products.some(({ name }) => RELAYS.has(name));
  return {
    products,
    applications: sights.flatMap(({ application }) => application ?? []),
    world: isOpen ? "open" : worlds.includes("cluster") ? "cluster" : "closed",
  };
}

/** The programs of one's own that a job scrapes. */
export function applicationsOf(unit: Unit, job: ScrapeConfig): readonly Component[] {
  return sightsOf(unit, job).flatMap(({ application }) => application ?? []);
}

function sightsOf(unit: Unit, job: ScrapeConfig): readonly Sight[] {
  const isFederation = job.path.value === "/federate";
  if (isFederation) return [{ world: "open" }];
  const targets = job.targets.map((target) => staticSight(unit, job, target.value));
  return [...targets, ...job.discovery.map(({ value }) => discovered(unit, job, value))];
}

function staticSight(unit: Unit, job: ScrapeConfig, target: string): Sight {
  const address = addressOf(target);
  const path = job.path.value;
  const component = address === undefined ? undefined : componentOf(unit, address.host);
  const image = component?.image?.value;
  const found =
    productOf({ path, image, name: component?.name ?? address?.host }) ??
    (image === undefined ? guessed(job, address?.port) : undefined);
  if (found !== undefined) return { products: [found], ...(component && own(unit, component)) };
  if (component !== undefined && isOwn(unit, component)) return { application: component };
  return { world: "open" };
}

/** Nothing runs under the address here: the job's name tells, and after it the port. */
function guessed(job: ScrapeConfig, port: number | undefined): Product | undefined {
  return productOf({ name: job.job }) ?? productOf({ port });
}

function own(unit: Unit, component: Component): { readonly application?: Component } {
  return isOwn(unit, component) ? { application: component } : {};
}

function componentOf(unit: Unit, host: string): Component | undefined {
  const resolution = unit.resolve(host);
  if (resolution.state === "component") return resolution.component;
  if (resolution.state !== "name") return undefined;
  const [name] = resolution.name.components;
  return unit.facts.of("component").find((component) => component.name === name);
}

/** It is built here: by compose, or under this name by a script or a pipeline. */
function isOwn(unit: Unit, component: Component): boolean {
  if (component.build !== undefined) return true;
  const image = lastPart(component.image?.value);
  if (image === undefined) return false;
  return unit.repository.facts.of("built-image").some((built) => lastPart(built.image) === image);
}

function lastPart(image: string | undefined): string | undefined {
  if (image === undefined) return undefined;
  const { repository } = parseImageRef(image.replaceAll(/\$\{?\w+\}?\/?/g, ""));
  return repository.slice(repository.lastIndexOf("/") + 1) || undefined;
}

/** What a discovery of Kubernetes finds, if `keep` says which pods those are. */
function discovered(unit: Unit, job: ScrapeConfig, discovery: string): Sight {
  if (discovery !== "kubernetes_sd_configs") return { world: "open" };
  const isCadvisor =
    job.path.value.includes("cadvisor") ||
    job.relabel.some(({ replacement }) => replacement?.value.includes("cadvisor") === true);
  if (isCadvisor) {
    return {
      products: ["kubelet-cadvisor", "cadvisor"].flatMap((name) => productNamed(name) ?? []),
    };
  }
  const kept = job.relabel.flatMap(({ action, sources, regex }) => {
    const label = /^__meta_kubernetes_(?:pod|service)_label_(\w+)$/.exec(sources[0] ?? "")?.[1];
    const isOne = action === "keep" && sources.length === 1;
    return isOne && label !== undefined && regex !== undefined ? [{ label, regex }] : [];
  });
  const [keep] = kept;
  if (keep === undefined) return { world: "cluster" };
  const components = unit.facts.of("component").filter((component) => hasLabel(component, keep));
  const products = components.flatMap(({ image }) => productOf({ image: image?.value }) ?? []);
  const [component] = components;
  if (component === undefined) return { world: "cluster" };
  return { products, application: component };
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
