import { apiRemoval } from "../../../catalogues/removed/removed.ts";
import { compareVersions } from "../../../catalogues/removed/version.ts";
import { annotationOf, ingressesOf } from "../../../facts/kubernetes/ingress.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { objectsOf } from "../../../facts/kubernetes/objects.ts";
import { at, type Located } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";
import { versionEdits } from "./api-moves.ts";
import { clusterVersion } from "./cluster.ts";

/** No provider offers an older cluster: https://endoflife.date/kubernetes, end of 2025. */
const OLDEST_OFFERED = "1.31";

export const k8sRemovedApi: FileRule = {
  name: "k8s-removed-api",
  summary: "an API version or kind that the cluster no longer serves",
  check: (unit) => [...removed(unit), ...ingressClasses(unit)],
};

function removed(unit: Unit): readonly Found[] {
  const declared = clusterVersion(unit);
  const gone = objectsOf(unit.documents).filter((object) => isGone(object, declared));
  const groups = Map.groupBy(gone, ({ apiVersion }) => apiVersion);
  return [...groups.values()].flatMap((group) => ofGroup(group, declared));
}

function isGone(object: KubeObject, declared: Located<string> | undefined): boolean {
  const removal = apiRemoval(object);
  if (removal?.removedIn === undefined || isConditional(object)) return false;
  const age = compareVersions(declared?.value ?? OLDEST_OFFERED, removal.removedIn);
  return age !== undefined && age >= 0;
}

/** A chart that asks the cluster for its versions writes the right one. */
function isConditional({ template, file }: KubeObject): boolean {
  return template && /Capabilities|semverCompare/.test(file.text);
}

function ofGroup(
  group: readonly KubeObject[],
  declared: Located<string> | undefined,
): readonly Found[] {
  const [first] = group;
  const removal = first === undefined ? undefined : apiRemoval(first);
  if (first === undefined || removal === undefined) return [];
  const { apiVersion } = first;
  const places = group.map(({ file, line }) => at(file, line));
  const edits = versionEdits(group);
  const kinds = [...new Set(group.map(({ kind }) => kind))];
  const names = listed(group.map(({ name }) => name));
  const cluster =
    declared === undefined
      ? "no supported version"
      : `the cluster is ${declared.value} and no longer`;
  return [
    {
      severity: group.every(({ file }) => isSample(file.path)) ? "note" : "error",
      message:
        `${listed(kinds)} of ${apiVersion} (${names}): removed in Kubernetes ` +
        `${removal.removedIn ?? ""}; ${cluster} serves it`,
      places: [at(first.file, first.line), ...places.slice(1), ...(declared ? [declared.at] : [])],
      why:
        "kubectl apply refuses it with `no matches for kind`: the deploy stops there, or goes on " +
        "without the object, and what it protects or routes is missing",
      fix: kinds.includes("PodSecurityPolicy") ? PSP : fixOf(removal.replacement),
      ...(edits.length === 0 ? {} : { edits }),
    },
  ];
}

const PSP =
  "delete it and label the namespace: pod-security.kubernetes.io/enforce: restricted (or baseline)";

function fixOf(replacement: string | undefined): string {
  return replacement === undefined
    ? "delete it; nothing of Kubernetes itself takes its place"
    : `write ${replacement}, whose fields may differ (kubectl explain)`;
}

/** Deprecated since 1.18; controllers still read it, so this is no more than a note. */
function ingressClasses(unit: Unit): readonly Found[] {
  return ingressesOf(unit.documents).flatMap((ingress): readonly Found[] => {
    const annotation = annotationOf(ingress, "kubernetes.io/ingress.class");
    if (annotation === undefined || ingress.apiVersion !== "networking.k8s.io/v1") return [];
    return [
      {
        severity: "note",
        message: `Ingress ${ingress.name} names its class by an annotation that is deprecated`,
        places: [annotation.at],
        why: "a controller that no longer reads it serves nothing of this Ingress after an upgrade",
        fix: `write spec.ingressClassName: ${annotation.value} and delete the annotation`,
      },
    ];
  });
}
