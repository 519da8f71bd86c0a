import { replicasOf } from "../../../facts/kubernetes/components.ts";
import { changesReplicas } from "../../../facts/kubernetes/kustomization.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { ofKind } from "../../../facts/kubernetes/objects.ts";
import {
  mayShare,
  selects,
  workloadsOf,
  type Workload,
} from "../../../facts/kubernetes/workloads.ts";
import { entryAt, nodeAt, textAt } from "../../../facts/node.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";

export const pdbMissingOrBlocking: FileRule = {
  name: "pdb-missing-or-blocking",
  summary: "draining a node takes every pod of a service, or never ends",
  check: (unit) => [...blocking(unit), ...missing(unit)],
};

function budgetsOf(unit: Unit): readonly KubeObject[] {
  return ofKind(unit.documents, "PodDisruptionBudget").filter(({ template }) => !template);
}

function takes({ root, namespace }: KubeObject, { object, podLabels }: Workload): boolean {
  const selector = nodeAt(root, "spec", "selector");
  return (
    selector !== undefined && mayShare(namespace, object.namespace) && selects(selector, podLabels)
  );
}

function blocking(unit: Unit): readonly Found[] {
  return budgetsOf(unit).flatMap((budget): readonly Found[] => {
    const workload = workloadsOf(unit.documents).find((one) => takes(budget, one));
    if (workload === undefined || workload.object.template) return [];
    const overlays = unit.repository.documents.of("kustomization");
    if (overlays.some((overlay) => changesReplicas(overlay, workload.object.name))) return [];
    const replicas = replicasOf(unit.documents, workload);
    const count = replicas?.value ?? 1;
    const line = blockingLine(budget, count);
    if (line === undefined || count === 0) return [];
    const { object } = workload;
    return [
      {
        severity: isSample(budget.file.path) ? "note" : "warning",
        message:
          `PodDisruptionBudget ${budget.name} lets no pod of ${object.name} go: ` +
          `it has ${String(count)} and all must stay`,
        places: [at(budget.file, line), replicas?.at ?? at(object.file, object.line)],
        why:
          "kubectl drain and every node upgrade wait for ever (or are forced after an hour and " +
          "kill the pods at once), in the night the provider chose",
        fix:
          count < 2
            ? "run two replicas and write maxUnavailable: 1, or delete the budget"
            : "write maxUnavailable: 1",
      },
    ];
  });
}

/** The line that leaves nothing to take away. */
function blockingLine({ root }: KubeObject, count: number): number | undefined {
  const most = entryAt(root, "spec", "maxUnavailable");
  const mostText = textAt(root, "spec", "maxUnavailable");
  if (most !== undefined && (mostText === "0" || mostText === "0%")) return most.line;
  const least = entryAt(root, "spec", "minAvailable");
  const leastText = textAt(root, "spec", "minAvailable");
  const [, share] = /^(\d{1,3})%$/.exec(leastText ?? "") ?? [];
  const kept =
    share === undefined ? Number(leastText ?? "0") : Math.ceil((Number(share) * count) / 100);
  return least !== undefined && kept >= count ? least.line : undefined;
}

/** One note for each file: nobody is paged by it until a node is drained. */
function missing(unit: Unit): readonly Found[] {
  const budgets = budgetsOf(unit);
  const bare = workloadsOf(unit.documents).filter(
    (workload) =>
      (workload.workload === "Deployment" || workload.workload === "StatefulSet") &&
      !workload.object.template &&
      (replicasOf(unit.documents, workload)?.value ?? 1) > 1 &&
      !budgets.some((budget) => takes(budget, workload)),
  );
  return [...Map.groupBy(bare, ({ object }) => object.file).values()].flatMap((group) => {
    const [first, ...others] = group.map(({ object }) => object);
    if (first === undefined) return [];
    return [
      {
        severity: "note",
        message: `no PodDisruptionBudget covers ${listed(group.map(({ object }) => object.name))}`,
        places: [at(first.file, first.line), ...others.map(({ file, line }) => at(file, line))],
        why: "a node upgrade may drain all replicas at once: the service is down while it lasts",
        fix: "add a PodDisruptionBudget with maxUnavailable: 1 for each",
      },
    ];
  });
}
