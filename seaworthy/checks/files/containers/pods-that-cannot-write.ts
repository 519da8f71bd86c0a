import { ofKind } from "../../../facts/kubernetes/objects.ts";
import { workloadsOf, type Workload } from "../../../facts/kubernetes/workloads.ts";
import { entryAt, itemsAt, nodeAt, textAt, type Node } from "../../../facts/node.ts";
import { at, type Location, type SourceFile, type Tree } from "../../../facts/source.ts";
import { remembered } from "../../../facts/remembered.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { isRehearsal, pathOf, placesOf } from "./intent.ts";

/** Pods whose user may not read a Secret, or whose root is read-only where they log. */
export function podsThatCannotWrite(unit: Unit): readonly Found[] {
  return workloadsOf(unit.documents).flatMap((workload) => [
    ...closedSecrets(unit, workload),
    ...closedLogs(unit, workload),
  ]);
}

function closedSecrets(unit: Unit, { object, podSpec, containers }: Workload): readonly Found[] {
  const context = nodeAt(podSpec, "securityContext");
  if (nodeAt(context, "fsGroup") !== undefined) return [];
  const contexts = [context, ...containers.map((one) => nodeAt(one, "securityContext"))];
  const demanded = inPod(object.file, contexts) ?? inPolicies(unit, object.namespace);
  if (demanded === undefined) return [];
  return itemsAt(podSpec, "volumes").flatMap((volume): readonly Found[] => {
    const entry = entryAt(volume, "secret", "defaultMode");
    const mode = modeOf(textAt(volume, "secret", "defaultMode"));
    if (entry === undefined || mode === undefined || (mode & 0o044) !== 0) return [];
    const name = textAt(volume, "secret", "secretName") ?? "";
    return [
      {
        severity: isRehearsal(object.file.path) ? "note" : "error",
        message:
          `${object.name}: Secret ${name} is readable by root alone, and the pod may ` +
          "not be root",
        places: placesOf(at(object.file, entry.line), [demanded]),
        why:
          "files of a Secret belong to root; with this mode and without fsGroup the program gets " +
          '"Permission denied" and the pod restarts for ever',
        fix: "set fsGroup in the pod's securityContext and defaultMode: 0440",
      },
    ];
  });
}

/** YAML 1.1 octal (`0400`), 1.2 octal (`0o400`), or the decimal number that the API has. */
function modeOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:0o?)?\d{1,4}$/.test(text)) return undefined;
  return text.startsWith("0") ? Number.parseInt(text.replace(/^0o?/, "") || "0", 8) : Number(text);
}

/** Where the pod says that its process is not root. */
function inPod(file: SourceFile, contexts: readonly (Node | undefined)[]): Location | undefined {
  for (const context of contexts) {
    const flag = entryAt(context, "runAsNonRoot");
    const isDemanded = textAt(context, "runAsNonRoot") === "true";
    if (flag !== undefined && isDemanded) return at(file, flag.line);
    const user = entryAt(context, "runAsUser");
    if (user !== undefined && textAt(context, "runAsUser") !== "0") return at(file, user.line);
  }
  return undefined;
}

/** Where its namespace or a policy of the cluster demands the same. */
function inPolicies(unit: Unit, namespace: string | undefined): Location | undefined {
  for (const policy of ofKind(unit.documents, "PodSecurityPolicy")) {
    const rule = entryAt(policy.root, "spec", "runAsUser", "rule");
    const value = textAt(policy.root, "spec", "runAsUser", "rule");
    if (rule !== undefined && value === "MustRunAsNonRoot") return at(policy.file, rule.line);
  }
  const label = "pod-security.kubernetes.io/enforce";
  for (const space of ofKind(unit.documents, "Namespace")) {
    const entry = entryAt(space.root, "metadata", "labels", label);
    const value = textAt(space.root, "metadata", "labels", label);
    if (entry !== undefined && value === "restricted" && space.name === namespace) {
      return at(space.file, entry.line);
    }
  }
  return undefined;
}

const LOG_PATH = new RegExp(
  "(?:filename|file\\.name|file|path|logfile)[\"']?\\s*[:=]\\s*[\"']?" +
    "(/var/log/[\\w./-]{1,200}\\.log)\\b",
);

/** The application writes a log file under a root that is read-only. */
function closedLogs(unit: Unit, { object, containers }: Workload): readonly Found[] {
  const closed = readOnlyRoot(unit, containers, object.file);
  if (closed === undefined || object.template) return [];
  const mounts = containers.flatMap((container) =>
    itemsAt(container, "volumeMounts").map((mount) => textAt(mount, "mountPath") ?? ""),
  );
  const log = logIn(unit, mounts);
  if (log === undefined) return [];
  return [
    {
      severity: isRehearsal(pathOf(log.at)) ? "note" : "warning",
      message:
        `${object.name}: the application logs to ${log.path}, and the root of its ` +
        "pod is read-only",
      places: placesOf(log.at, [closed, at(object.file, object.line)]),
      why:
        "opening the file fails: the program ends at its start, or all that it logs is " +
        "lost, which " +
        "is noticed during the first incident",
      fix: `log to stdout, or mount an emptyDir at ${log.path.slice(0, log.path.lastIndexOf("/"))}`,
    },
  ];
}

function readOnlyRoot(
  unit: Unit,
  containers: Workload["containers"],
  file: SourceFile,
): Location | undefined {
  for (const container of containers) {
    const entry = entryAt(container, "securityContext", "readOnlyRootFilesystem");
    const value = textAt(container, "securityContext", "readOnlyRootFilesystem");
    if (entry !== undefined && value === "true") return at(file, entry.line);
  }
  for (const policy of ofKind(unit.documents, "PodSecurityPolicy")) {
    const entry = entryAt(policy.root, "spec", "readOnlyRootFilesystem");
    if (entry !== undefined && textAt(policy.root, "spec", "readOnlyRootFilesystem") === "true") {
      return at(policy.file, entry.line);
    }
  }
  return undefined;
}

const FILES_MAX = 2_000;
const LINES_MAX = 5_000;

/** The one log file that the source of this tree names; two of them could be two applications'. */
function logIn(unit: Unit, mounts: readonly string[]) {
  const found = logsIn(unit.documents.tree);
  const [first] = found;
  if (first === undefined || found.some(({ path }) => path !== first.path)) return undefined;
  return mounts.some((mount) => first.path.startsWith(`${mount.replace(/\/$/, "")}/`))
    ? undefined
    : first;
}

const logsIn = remembered((tree: Tree) =>
  tree.files
    .filter(({ path, text }) => SOURCE.test(path) && text.includes("/var/log/"))
    .slice(0, FILES_MAX)
    .flatMap((file) =>
      file.text.split("\n", LINES_MAX).flatMap((line, index) => {
        const path = LOG_PATH.exec(line.slice(0, 500))?.[1];
        return path === undefined ? [] : [{ path, at: at(file, index + 1) }];
      }),
    ),
);

const SOURCE =
  /\.(?:py|rb|properties|xml|toml|conf\.py|[cm]?[jt]s)$|(?:^|\/)application[\w.-]*\.ya?ml$/;
