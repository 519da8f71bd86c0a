import { replicasOf } from "../../../facts/kubernetes/components.ts";
import { selects, workloadsOf, type Workload } from "../../../facts/kubernetes/workloads.ts";
import { entryAt, itemsAt, nodeAt, textAt, type Node } from "../../../facts/node.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample } from "../monitoring/listing.ts";
import { clusterSize } from "./cluster.ts";

export const rolloutDeadlock: FileRule = {
  name: "rollout-deadlock",
  summary: "a rolling update needs a free node for its extra pod, and there is none",
  check: (unit) =>
    workloadsOf(unit.documents).flatMap((workload) =>
      workload.workload === "Deployment" && !workload.object.template
        ? ofWorkload(unit, workload)
        : [],
    ),
};

function ofWorkload(unit: Unit, workload: Workload): readonly Found[] {
  const { object } = workload;
  const apart = apartFromItself(workload);
  const count = replicasOf(unit.documents, workload)?.value ?? 1;
  if (apart === undefined || !keepsAll(object.root, count)) return [];
  const size = clusterSize(unit);
  if (size === undefined || isSample(object.file.path)) return [];
  const { nodes, least } = size;
  const apartAt = at(object.file, apart.line);
  const strategy = entryAt(object.root, "spec", "strategy");
  const strategyAt = at(object.file, strategy?.line ?? object.line);
  const found: Found = {
    severity: "warning",
    message:
      `${object.name} wants ${String(count)} pods on different nodes and none missing during a ` +
      `roll, but the cluster has ${String(nodes.value)} nodes: the extra pod finds no place`,
    places: [strategyAt, apartAt, nodes.at],
    why:
      "the first deploy after the start never ends: the new pod stays Pending, the old ones run, " +
      "and a security fix cannot be rolled out without taking the service down by hand",
    fix:
      "set maxSurge: 0 and maxUnavailable: 1, or make the anti-affinity " +
      "preferredDuringSchedulingIgnoredDuringExecution (or topologySpreadConstraints)",
  };
  const isFull = count >= nodes.value;
  if (least === undefined || least.value >= count) return isFull ? [found] : [];
  const scaledIn: Found = {
    severity: "warning",
    message:
      `${object.name} needs ${String(count)} nodes for its pods, but the cluster may shrink to ` +
      String(least.value),
    places: [least.at, apartAt],
    why: "after a scale-in one pod stays Pending, and every roll waits for it",
    fix: `keep at least ${String(count + 1)} nodes, or prefer spreading to requiring it`,
  };
  return isFull ? [found, scaledIn] : [scaledIn];
}

/** A required rule that keeps the workload's own pods on different nodes. */
function apartFromItself({ podSpec, podLabels }: Workload): Node | undefined {
  const terms = itemsAt(
    podSpec,
    "affinity",
    "podAntiAffinity",
    "requiredDuringSchedulingIgnoredDuringExecution",
  );
  return terms.find(
    (term) =>
      textAt(term, "topologyKey") === "kubernetes.io/hostname" &&
      selects(nodeAt(term, "labelSelector"), podLabels),
  );
}

/** No old pod may go before a new one is ready: said, or 25 % rounded down. */
function keepsAll(root: Node, count: number): boolean {
  if (textAt(root, "spec", "strategy", "type") === "Recreate") return false;
  const written = textAt(root, "spec", "strategy", "rollingUpdate", "maxUnavailable") ?? "25%";
  const [, share] = /^(\d{1,3})%$/.exec(written) ?? [];
  return share === undefined ? written === "0" : Math.floor((Number(share) * count) / 100) === 0;
}
