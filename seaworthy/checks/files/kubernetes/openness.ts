import { kubernetesOpenEdges } from "../../../facts/kubernetes/open-edges.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";

/** Something that brings objects into the cluster which are not in these files. */
interface Edge {
  readonly at: Location;
  readonly because: string;
  /** Words of a chart's and a release's name; undefined: it may bring anything. */
  readonly names: readonly string[] | undefined;
}

/** Why an object of this name may exist although no file defines it. */
export function mayComeFrom(unit: Unit, name: string): Edge | undefined {
  return edgesOf(unit).find(
    ({ names }) => names === undefined || names.some((word) => name.includes(word)),
  );
}

const known = new WeakMap<Unit, readonly Edge[]>();

function edgesOf(unit: Unit): readonly Edge[] {
  const read = known.get(unit);
  if (read !== undefined) return read;
  const made = [
    ...[...unit.openEdges, ...kubernetesOpenEdges(unit.documents)].map(
      ({ at, because }): Edge => ({ at, because, names: namesIn(because) }),
    ),
    ...releases(unit),
  ];
  known.set(unit, made);
  return made;
}

/** `Helm chart prometheus`, `Helm release shop/redis`: what it makes bears its name. */
function namesIn(because: string): readonly string[] | undefined {
  const [, name] = /^(?:Helm|Argo) .* ([\w./-]+)$|^external network/.exec(because) ?? [];
  if (because.startsWith("external network")) return [];
  return name === undefined ? undefined : wordsOf(name);
}

/** `helm install prometheus prometheus-community/prometheus` in a script or a guide. */
function releases(unit: Unit): readonly Edge[] {
  return unit.facts.of("step").flatMap(({ at, expanded }): readonly Edge[] => {
    const [program, verb, ...rest] = expanded;
    if (program === "helm" && (verb === "install" || verb === "upgrade")) {
      const named = rest.filter((word) => /^[\w./-]+$/.test(word) && !word.startsWith("-"));
      return [{ at, because: `helm ${verb}`, names: named.slice(0, 2).flatMap(wordsOf) }];
    }
    const remote = rest.find((word) => /^https?:\/\//.test(word));
    if (program !== "kubectl" || verb !== "apply" || remote === undefined) return [];
    return [{ at, because: remote, names: wordsOf(remote.replace(/^https?:\/\/[^/]*/, "")) }];
  });
}

/** Words that stand in many names tell nothing. */
const COMMON = new Set(["app", "service", "server", "main", "master", "deploy", "yaml", "raw"]);

function wordsOf(name: string): readonly string[] {
  return name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 3 && !COMMON.has(word));
}
