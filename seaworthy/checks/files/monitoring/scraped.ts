import { productNamed, productOf, type Product } from "../../../catalogues/metrics/metrics.ts";
import type { Component } from "../../../facts/fact.ts";
import { addressOf } from "../../../facts/monitoring/address.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import type { Unit } from "../../../facts/unit.ts";
import { componentOf, isOwn, keptBy } from "./own-programs.ts";

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
  const components = keptBy(unit, job);
  const products = components.flatMap(({ image }) => productOf({ image: image?.value }) ?? []);
  const [component] = components;
  if (component === undefined) return { world: "cluster" };
  return { products, application: component };
}
