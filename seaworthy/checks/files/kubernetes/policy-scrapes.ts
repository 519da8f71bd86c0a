import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { ScrapeConfig } from "../../../facts/monitoring/prometheus.ts";
import { behind, servicesOf } from "../../../facts/kubernetes/services.ts";
import { ofKind } from "../../../facts/kubernetes/objects.ts";
import { selects, labelsAt, type Workload } from "../../../facts/kubernetes/workloads.ts";
import { nodeAt } from "../../../facts/node.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";

/** Something makes Prometheus scrape a workload's pods. */
export interface Scrape {
  readonly at: Location;
  readonly by: string;
  /** Undefined: one of the container's ports. */
  readonly port: number | undefined;
}

export function scrapesOf(unit: Unit, workload: Workload): readonly Scrape[] {
  const jobs = monitoringIn(unit.documents, "prometheus").flatMap(({ jobs: all }) => all);
  return [
    ...jobs.filter((job) => keeps(job, workload)).map((job) => found(job, workload)),
    ...monitors(unit, workload),
  ];
}

function found({ at: place, job }: ScrapeConfig, { template }: Workload): Scrape {
  const port = labelsAt(template, "metadata", "annotations").get("prometheus.io/port");
  const number = /^\d{1,5}$/.test(port ?? "") ? Number(port) : undefined;
  return { at: place, by: `job ${job}`, port: number };
}

const LABEL = "__meta_kubernetes_pod_label_";
const ANNOTATION = "__meta_kubernetes_pod_annotation_prometheus_io_scrape";

/** A job over pods that keeps this one: by a label that it has, or by the usual annotation. */
function keeps({ relabel, discovery }: ScrapeConfig, { podLabels, template }: Workload): boolean {
  if (!discovery.some(({ value }) => value.startsWith("kubernetes_sd"))) return false;
  const kept = relabel.filter(({ action }) => action === "keep");
  return kept.some(({ sources, regex }) => {
    const [source = ""] = sources;
    if (sources.length !== 1) return false;
    if (source === ANNOTATION) {
      const annotations = labelsAt(template, "metadata", "annotations");
      return annotations.get("prometheus.io/scrape") === "true";
    }
    if (!source.startsWith(LABEL)) return false;
    const wanted = source.slice(LABEL.length);
    return [...podLabels].some(
      ([key, value]) => key.replace(/[^\w]/g, "_") === wanted && regex?.split("|").includes(value),
    );
  });
}

/** The operator's ServiceMonitor and PodMonitor. */
function monitors(unit: Unit, workload: Workload): readonly Scrape[] {
  const all = ofKind(unit.documents, "ServiceMonitor", "PodMonitor");
  if (all.length === 0) return [];
  const services = servicesOf(unit.documents).filter((service) =>
    behind(unit.documents, service)?.includes(workload),
  );
  return all.flatMap((monitor) => {
    const selector = nodeAt(monitor.root, "spec", "selector");
    if (selector === undefined) return [];
    const isOwn =
      monitor.kind === "PodMonitor"
        ? selects(selector, workload.podLabels)
        : services.some(({ root }) => selects(selector, labelsAt(root, "metadata", "labels")));
    const by = `${monitor.kind} ${monitor.name}`;
    return isOwn ? [{ at: at(monitor.file, monitor.line), by, port: undefined }] : [];
  });
}
