import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { ofKind } from "../../../facts/kubernetes/objects.ts";
import { mayShare, workloadsOf, type Workload } from "../../../facts/kubernetes/workloads.ts";
import { entryAt, itemsAt, numberAt, textAt } from "../../../facts/node.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";

export const hpaConflict: FileRule = {
  name: "hpa-conflict",
  summary: "an autoscaler is fought by a fixed number of replicas, or cannot measure anything",
  check: (unit) => {
    const pairs = pairsOf(unit);
    return [
      ...(leavesReplicas(unit) ? [] : fixedReplicas(pairs)),
      ...withoutRequests(unit, pairs),
      ...upsideDown(unit),
    ];
  },
};

interface Pair {
  readonly scaler: KubeObject;
  readonly workload: Workload;
}

function scalersOf(unit: Unit): readonly KubeObject[] {
  return ofKind(unit.documents, "HorizontalPodAutoscaler").filter(
    ({ template, file }) => !template && !isSample(file.path),
  );
}

function pairsOf(unit: Unit): readonly Pair[] {
  return scalersOf(unit).flatMap((scaler) => {
    const workload = workloadsOf(unit.documents).find(
      ({ object }) =>
        object.name === textAt(scaler.root, "spec", "scaleTargetRef", "name") &&
        object.kind === textAt(scaler.root, "spec", "scaleTargetRef", "kind") &&
        mayShare(object.namespace, scaler.namespace) &&
        !object.template,
    );
    return workload === undefined ? [] : [{ scaler, workload }];
  });
}

/** Argo CD is told not to set the replicas back. */
function leavesReplicas({ repository }: Unit): boolean {
  return ofKind(repository.documents, "Application", "ApplicationSet").some(({ file }) =>
    file.text.includes("/spec/replicas"),
  );
}

/** All of them in one finding: the mistake is a habit, and so is its mending. */
function fixedReplicas(pairs: readonly Pair[]): readonly Found[] {
  const fixed = pairs.flatMap(({ scaler, workload }) => {
    const { replicas, object } = workload;
    return replicas === undefined ? [] : [{ scaler, name: object.name, at: replicas.at }];
  });
  const [first, ...others] = fixed;
  if (first === undefined) return [];
  const names = listed(fixed.map(({ name }) => name));
  return [
    {
      severity: "warning",
      message: `${names}: scaled by an autoscaler, and each apply sets replicas back`,
      places: [first.at, at(first.scaler.file, first.scaler.line), ...others.map((one) => one.at)],
      why:
        "a deploy under load takes away the pods that the autoscaler had added; the service is " +
        "overloaded for minutes until it has scaled up again",
      fix: "delete spec.replicas from the manifest; the autoscaler's minReplicas takes its place",
    },
  ];
}

/** A share of what is requested cannot be told where nothing is requested. */
function withoutRequests(unit: Unit, pairs: readonly Pair[]): readonly Found[] {
  if (ofKind(unit.documents, "LimitRange").length > 0) return [];
  return pairs.flatMap(({ scaler, workload }): readonly Found[] => {
    const resource = measured(scaler);
    const bare = workload.containers.find(
      (container) =>
        resource !== undefined &&
        entryAt(container, "resources", "requests", resource) === undefined &&
        // A limit without a request is taken for the request.
        entryAt(container, "resources", "limits", resource) === undefined,
    );
    if (bare === undefined || resource === undefined) return [];
    const { object } = workload;
    return [
      {
        severity: "warning",
        message:
          `autoscaler ${scaler.name} measures ${resource} against requests, ` +
          `and container ${textAt(bare, "name") ?? object.name} of ${object.name} requests none`,
        places: [at(object.file, bare.line), at(scaler.file, scaler.line)],
        why: "the autoscaler reports <unknown> and never scales: load ends in an outage",
        fix: `set resources.requests.${resource} for every container of ${object.name}`,
      },
    ];
  });
}

/** cpu or memory, where the target is a share of the request. */
function measured({ root }: KubeObject): "cpu" | "memory" | undefined {
  if (entryAt(root, "spec", "targetCPUUtilizationPercentage") !== undefined) return "cpu";
  for (const metric of itemsAt(root, "spec", "metrics")) {
    const name = textAt(metric, "resource", "name");
    const isShare =
      textAt(metric, "resource", "target", "type") === "Utilization" ||
      entryAt(metric, "resource", "target", "averageUtilization") !== undefined ||
      entryAt(metric, "resource", "targetAverageUtilization") !== undefined;
    if (isShare && (name === "cpu" || name === "memory")) return name;
  }
  return undefined;
}

function upsideDown(unit: Unit): readonly Found[] {
  return scalersOf(unit).flatMap((scaler): readonly Found[] => {
    const least = numberAt(scaler.root, "spec", "minReplicas");
    const most = numberAt(scaler.root, "spec", "maxReplicas");
    if (least === undefined || most === undefined || least <= most) return [];
    return [
      {
        severity: "error",
        message:
          `autoscaler ${scaler.name}: minReplicas ${String(least)} is above ` +
          `maxReplicas ${String(most)}`,
        places: [at(scaler.file, scaler.line)],
        why: "the API server refuses it: nothing scales",
        fix: "let maxReplicas be the greater one",
      },
    ];
  });
}
