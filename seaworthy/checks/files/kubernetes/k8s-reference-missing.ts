import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "../monitoring/listing.ts";
import { clusterHost, configuredCalls, isTelemetry } from "./cluster-hosts.ts";
import { mayComeFrom } from "./openness.ts";
import { elsewhere, isPlainName, isProvided, keysOf, objectsFor } from "./provided.ts";
import { referencesOf, type Reference } from "./references.ts";

export const k8sReferenceMissing: FileRule = {
  name: "k8s-reference-missing",
  summary: "a Kubernetes object names another that no file creates",
  check: (unit) => {
    const references = referencesOf(unit).filter(({ name }) => isPlainName(name));
    return grouped(references)
      .flatMap((group) => [...missingObjects(unit, group), ...missingKeys(unit, group)])
      .concat(missingHosts(unit));
  },
};

/** References of one object, so that it is spoken of once. */
function grouped(references: readonly Reference[]): readonly (readonly Reference[])[] {
  return [...Map.groupBy(references, ({ from }) => from).values()];
}

function missingObjects(unit: Unit, group: readonly Reference[]): readonly Found[] {
  const missing = group.filter(
    (reference) =>
      objectsFor(unit, reference).length === 0 &&
      (elsewhere(unit, reference) !== undefined || !isProvided(unit, reference)),
  );
  const [first, ...others] = missing;
  if (first === undefined) return [];
  const other = elsewhere(unit, first);
  const edge = missing.map(({ name }) => mayComeFrom(unit, name)).find((found) => found);
  const names = listed(missing.map(said));
  const { from } = first;
  const where = other === undefined ? "" : ` (it is in namespace ${other.namespace ?? "default"})`;
  return [
    {
      severity: edge === undefined ? severityOf(unit, missing) : "note",
      message:
        `${from.kind} ${from.name} needs ${names}, which no manifest here defines${where}` +
        (edge === undefined ? "" : `, unless it comes from ${edge.because}`),
      places: [first.at, ...others.map((one) => one.at), ...(edge === undefined ? [] : [edge.at])],
      why:
        WHY.get(first.kind) ?? "the object waits for what never comes, and nothing says so loudly",
      fix:
        other === undefined
          ? `add a manifest for ${listed(missing.map(said))}, or correct the name`
          : `create ${said(first)} in namespace ${from.namespace ?? "default"} too`,
      cause: `missing-object ${first.name}`,
    },
  ];
}

function said({ kind, name, through }: Reference): string {
  return through === undefined ? `${kind} ${name}` : `${kind} ${name} (for ${through || "/"})`;
}

const STARTS =
  "the pods stay in CreateContainerConfigError or ContainerCreating: the first deploy does not " +
  "come up, and a node's failure later cannot be healed";

const WHY: ReadonlyMap<string, string> = new Map([
  ["Service", "every request to that path gets 503 from the first minute; the pods look healthy"],
  ["ConfigMap", STARTS],
  ["Secret", STARTS],
  ["PersistentVolumeClaim", "the pods stay Pending: nothing ever starts"],
  ["ServiceAccount", "no pod is created at all; the Deployment shows 0 pods and says so in events"],
]);

/** Secrets are often made by hand on purpose; an account may come with the cluster. */
function severityOf(unit: Unit, missing: readonly Reference[]): Found["severity"] {
  if (missing.every(({ from }) => isSample(from.file.path))) return "note";
  if (missing.some(({ kind }) => SURE.has(kind))) return "error";
  if (missing.every(({ kind }) => kind === "Secret") && !keepsSecrets(unit)) return "note";
  return "warning";
}

const SURE = new Set(["Service", "ConfigMap", "PersistentVolumeClaim"]);

/** These files say how Secrets are made (or are a guide), so that one left out is one forgotten. */
function keepsSecrets(unit: Unit): boolean {
  return (
    unit.repository.documents.tree.guide !== undefined ||
    unit.documents
      .of("manifest")
      .some(({ objects }) => objects.some(({ kind }) => /^(?:Sealed|External)?Secret$/.test(kind)))
  );
}

function missingKeys(unit: Unit, group: readonly Reference[]): readonly Found[] {
  const missing = group.flatMap((reference) => {
    const { key } = reference;
    const objects = objectsFor(unit, reference);
    if (key === undefined || !isKey(key) || objects.length === 0) return [];
    const without = objects.every((object) => {
      const { keys, open } = keysOf(object);
      return !open && !keys.includes(key);
    });
    const [object] = objects;
    return without && object !== undefined ? [{ reference, key, object }] : [];
  });
  const [first] = missing;
  if (first === undefined) return [];
  const { reference, object } = first;
  const keys = listed(missing.map(({ key }) => key));
  return [
    {
      severity: isSample(reference.from.file.path) ? "note" : "error",
      message:
        `${object.kind} ${object.name} has no ${keys}, ` +
        `which ${reference.from.name} takes from it`,
      places: [
        reference.at,
        ...missing.slice(1).map((one) => one.reference.at),
        at(object.file, object.line),
      ],
      why: STARTS,
      fix: `add ${keys} to ${object.kind} ${object.name}, or take a key that is there: ${listed(
        keysOf(object).keys,
      )}`,
    },
  ];
}

/** Hosts in the settings of pods that are no Service, no domain and no name of Compose. */
function missingHosts(unit: Unit): readonly Found[] {
  const missing = configuredCalls(unit).filter(
    ({ call, namespace }) => clusterHost(unit, call, namespace).state === "missing",
  );
  const byFile = Map.groupBy(missing, ({ call }) => call.at.as ?? call.at.file);
  // One name that many files give to their pods is one fault.
  const byNames = Map.groupBy(byFile, ([, group]) =>
    [...new Set(group.map(({ call }) => call.host))].sort().join(" "),
  );
  return [...byNames.values()].flatMap((files): readonly Found[] => {
    const [first, ...others] = files.flatMap(([, group]) => group.map(({ call }) => call));
    if (first === undefined) return [];
    const isAside = [first, ...others].every(({ host }) => isTelemetry(host));
    const names = listed([first, ...others].map(({ host }) => host));
    const isOpen = [first, ...others].some(({ host }) => mayComeFrom(unit, host) !== undefined);
    return [
      {
        severity: isOpen || isAside || files.every(([file]) => isSample(file)) ? "note" : "warning",
        message: `pods are told to call ${names}, and no Service here bears that name`,
        places: [first.at, ...others.map((call) => call.at)],
        why:
          "the name does not resolve in the cluster: the pods fail at the first call to it, " +
          "which for a database or a cache is at the start",
        fix: `add a Service for ${names}, or name the one that is meant`,
        cause: `missing-host ${first.host}`,
      },
    ];
  });
}

function isKey(key: string): boolean {
  return /^[\w.-]{1,253}$/.test(key);
}
