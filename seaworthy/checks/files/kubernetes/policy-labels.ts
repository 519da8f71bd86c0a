import { entriesAt, itemsAt, nodeAt } from "../../../facts/node.ts";
import { ofKind } from "../../../facts/kubernetes/objects.ts";
import { labelsAt } from "../../../facts/kubernetes/workloads.ts";
import type { KubeObject } from "../../../facts/kubernetes/kubernetes.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";

interface Wanted {
  readonly key: string;
  readonly value: string;
  readonly at: Location;
  readonly policy: KubeObject;
}

/** Labels of namespaces that policies ask for and that nothing here puts on any namespace. */
export function unsetLabels(unit: Unit): readonly Found[] {
  const policies = ofKind(unit.documents, "NetworkPolicy").filter(({ template }) => !template);
  const byFile = Map.groupBy(policies, ({ file }) => file.path);
  return [...byFile.values()].flatMap((group): readonly Found[] => {
    const wanted = group.flatMap(wantedBy).filter((one) => !isSet(unit, one));
    const [first, ...others] = wanted;
    if (first === undefined) return [];
    const said = `${first.key}: ${first.value}`;
    const names = listed(wanted.map(({ policy }) => policy.name));
    const several = new Set(wanted.map(({ policy }) => policy)).size > 1;
    return [
      {
        severity: isSample(first.policy.file.path) ? "note" : "warning",
        message:
          `NetworkPolicy ${names} ${several ? "ask" : "asks"} for a namespace labelled ${said}, ` +
          "and nothing sets that label",
        places: [first.at, ...others.map((one) => one.at)],
        why:
          "no namespace matches, so the rule allows nobody: what it was written to let in (the " +
          "ingress controller, Prometheus) is cut off as soon as it is applied",
        fix:
          `ask for kubernetes.io/metadata.name: ${first.value}, ` +
          "which Kubernetes sets itself since 1.22",
      },
    ];
  });
}

function wantedBy(policy: KubeObject): readonly Wanted[] {
  const { root, file } = policy;
  return [
    ...itemsAt(root, "spec", "ingress").flatMap((rule) => itemsAt(rule, "from")),
    ...itemsAt(root, "spec", "egress").flatMap((rule) => itemsAt(rule, "to")),
  ].flatMap((peer) =>
    entriesAt(nodeAt(peer, "namespaceSelector"), "matchLabels").flatMap(([key, { node, line }]) =>
      node.type === "scalar" ? [{ key, value: node.text, at: at(file, line), policy }] : [],
    ),
  );
}

/** Labels that Kubernetes, a distribution or an official manifest puts on namespaces itself. */
const GIVEN =
  /^(?:(?:app\.)?kubernetes\.io|(?:[\w.-]{1,60}\.)?openshift\.io|istio-injection)(?:\/|$)/;

function isSet(unit: Unit, { key, value }: Wanted): boolean {
  if (GIVEN.test(key)) return true;
  const namespaces = ofKind(unit.repository.documents, "Namespace");
  if (namespaces.some(({ root }) => labelsAt(root, "metadata", "labels").get(key) === value)) {
    return true;
  }
  const label = `${key}=${value}`;
  return unit.repository.documents.tree.files.some(
    ({ path, text }) => !/\.ya?ml$/.test(path) && text.includes("label") && text.includes(label),
  );
}
