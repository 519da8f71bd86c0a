import { itemsAt, nodeAt, numberAt, textAt } from "../../../facts/node.ts";
import { ofKind } from "../../../facts/kubernetes/objects.ts";
import { at, type Located, type Location, type SourceFile } from "../../../facts/source.ts";
import type { Step } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";

/** What the files say of the cluster itself: its version and how many nodes it has. */
export interface ClusterSize {
  readonly nodes: Located<number>;
  /** The least that it may be scaled to, where that is written. */
  readonly least: Located<number> | undefined;
}

interface Maker {
  readonly program: string;
  readonly version: readonly string[];
  readonly nodes: readonly string[];
  readonly least: readonly string[];
}

/** Programs that make a cluster, with the options for version, nodes and least nodes. */
const MAKERS: readonly Maker[] = [
  { program: "eksctl", version: ["--version"], nodes: ["--nodes", "-N"], least: ["--nodes-min"] },
  {
    program: "gcloud",
    version: ["--cluster-version"],
    nodes: ["--num-nodes"],
    least: ["--min-nodes"],
  },
  {
    program: "az",
    version: ["--kubernetes-version", "-k"],
    nodes: ["--node-count", "-c"],
    least: ["--min-count"],
  },
  { program: "minikube", version: ["--kubernetes-version"], nodes: ["--nodes", "-n"], least: [] },
  { program: "doctl", version: ["--version"], nodes: ["--count"], least: [] },
];

/** The version that some file says the cluster has. */
export function clusterVersion(unit: Unit): Located<string> | undefined {
  return (
    makingSteps(unit)
      .flatMap(({ words, maker, step }) => {
        const value = optionOf(words, maker.version);
        return value === undefined ? [] : [{ value, at: placeOf(unit, step, maker.version) }];
      })
      .find(({ value }) => isVersion(value)) ??
    fromObjects(unit) ??
    inTerraform(unit, VERSION_IN_TERRAFORM).find(({ value }) => isVersion(value))
  );
}

function isVersion(text: string): boolean {
  return /^v?1\.\d{1,3}(?:\.|$|-)/.test(text);
}

/** eksctl's and kubeadm's files. */
function fromObjects(unit: Unit): Located<string> | undefined {
  return ofKind(unit.repository.documents, "ClusterConfig", "ClusterConfiguration")
    .flatMap(({ root, file }): readonly Located<string>[] => {
      const version = textAt(root, "metadata", "version") ?? textAt(root, "kubernetesVersion");
      const line =
        nodeAt(root, "metadata", "version")?.line ?? nodeAt(root, "kubernetesVersion")?.line;
      return version === undefined ? [] : [{ value: version, at: at(file, line ?? root.line) }];
    })
    .find(({ value }) => isVersion(value));
}

const VERSION_IN_TERRAFORM =
  /^\s*(?:kubernetes_version|cluster_version|min_master_version)\s*=\s*"([^"]{1,40})"/;
const NODES_IN_TERRAFORM =
  /^\s*(?:desired_size|desired_capacity|node_count|initial_node_count)\s*=\s*(\d{1,5})\b/;

/** The smallest cluster that is described; undefined where something adds nodes by itself. */
export function clusterSize(unit: Unit): ClusterSize | undefined {
  if (isScaledFromInside(unit)) return undefined;
  const created = makingSteps(unit)
    .filter(({ words }) => !words.some((word) => /^--enable-(?:cluster-)?autoscal/.test(word)))
    .flatMap(({ words, maker, step }) => {
      const nodes = counted(optionOf(words, maker.nodes), placeOf(unit, step, maker.nodes));
      const least = counted(optionOf(words, maker.least), placeOf(unit, step, maker.least));
      return nodes === undefined ? [] : [{ nodes, least }];
    });
  const written = [...inTerraform(unit, NODES_IN_TERRAFORM), ...nodeGroups(unit)].flatMap(
    (text) => {
      const nodes = counted(text.value, text.at);
      return nodes === undefined ? [] : [{ nodes, least: undefined }];
    },
  );
  return [...created, ...written].toSorted((one, two) => one.nodes.value - two.nodes.value)[0];
}

function counted(text: string | undefined, place: Location): Located<number> | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  return { value: Number(text), at: place };
}

function nodeGroups(unit: Unit): readonly Located<string>[] {
  return ofKind(unit.repository.documents, "ClusterConfig").flatMap(({ root, file }) =>
    [...itemsAt(root, "managedNodeGroups"), ...itemsAt(root, "nodeGroups")].flatMap((group) => {
      const size = numberAt(group, "desiredCapacity");
      return size === undefined ? [] : [{ value: String(size), at: at(file, group.line) }];
    }),
  );
}

/** A cluster autoscaler or Karpenter is installed. */
function isScaledFromInside(unit: Unit): boolean {
  const steps = unit.repository.facts.of("step");
  const objects = ofKind(unit.repository.documents, "Deployment", "NodePool", "Provisioner");
  return (
    steps.some(({ expanded }) =>
      expanded.some((word) => /cluster-autoscaler$|karpenter/.test(word) && !word.startsWith("--")),
    ) ||
    objects.some(
      ({ name, kind }) => kind !== "Deployment" || /cluster-autoscaler|karpenter/.test(name),
    )
  );
}

interface Making {
  readonly words: readonly string[];
  readonly maker: Maker;
  readonly step: Step;
}

/** Steps that make a cluster or a group of nodes. */
function makingSteps(unit: Unit): readonly Making[] {
  return unit.repository.facts.of("step").flatMap((step) => {
    const { expanded } = step;
    const maker = MAKERS.find(({ program }) => program === expanded[0]);
    const makes = expanded.some((word) => word === "create" || word === "start");
    return maker === undefined || !makes ? [] : [{ words: expanded, maker, step }];
  });
}

/** Lines of one command, at most. */
const COMMAND_LINES_MAX = 40;

/** The line of an option in a command that goes over several lines; else the command's first. */
function placeOf(unit: Unit, step: Step, names: readonly string[]): Location {
  const file = unit.repository.documents.tree.files.find(({ path }) => path === step.script);
  if (file === undefined) return step.at;
  const lines = file.text.split("\n");
  const first = lines.findIndex((_, index) => at(file, index + 1).line === step.at.line);
  const within = lines.slice(Math.max(0, first), Math.max(0, first) + COMMAND_LINES_MAX);
  const found = within.findIndex((line) =>
    line.split(/[\s=]+/).some((word) => names.includes(word)),
  );
  return first < 0 || found < 0 ? step.at : at(file, first + found + 1);
}

/** `--name value` or `--name=value`. */
function optionOf(words: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    const [name = "", value] = word.split("=", 2);
    if (names.includes(name)) return value ?? words[index + 1];
  }
  return undefined;
}

/** Lines of a Terraform file that are looked at. */
const LINES_MAX = 5000;

function inTerraform(unit: Unit, pattern: RegExp): readonly Located<string>[] {
  return unit.repository.documents.tree.files
    .filter(({ path }) => path.endsWith(".tf"))
    .flatMap((file) => matching(file, pattern));
}

function matching(file: SourceFile, pattern: RegExp): readonly Located<string>[] {
  return file.text
    .split("\n")
    .slice(0, LINES_MAX)
    .flatMap((line, index): readonly { value: string; at: Location }[] => {
      const value = line.length > 300 ? undefined : pattern.exec(line)?.[1];
      return value === undefined ? [] : [{ value, at: at(file, index + 1) }];
    });
}
