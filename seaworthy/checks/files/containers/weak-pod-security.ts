import { workloadsOf, type Workload } from "../../../facts/kubernetes/workloads.ts";
import { entryAt, itemsAt, nodeAt, textAt, type Node } from "../../../facts/node.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isForProduction, isRehearsal, listed, pathOf, placesOf } from "./intent.ts";

export const weakPodSecurity: FileRule = {
  name: "weak-pod-security",
  summary: "containers have more power over their host than they need",
  check: (unit) => {
    const weak = [...inCompose(unit), ...inPods(unit)];
    return byFile(weak, (one) => one.at).flatMap(found);
  },
};

interface Weak {
  readonly at: Location;
  readonly name: string;
  readonly what: string;
}

/** One line a file: who cares reads it, and nobody is buried under it. */
function found(group: readonly Weak[]): readonly Found[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  return [
    {
      severity: "note",
      message: listed(group.map(({ name, what }) => `${name}: ${what}`)),
      places: placesOf(
        first.at,
        rest.map((one) => one.at),
      ),
      why:
        "whoever takes over the program has the host, or a good part of it, and the next " +
        "program too",
      fix:
        "run as a user (runAsNonRoot, USER), allowPrivilegeEscalation: false, no privileged " +
        "mode, " +
        "only the capabilities and host paths that are used",
    },
  ];
}

function inCompose(unit: Unit): readonly Weak[] {
  return unit.documents
    .of("compose")
    .flatMap(({ file, services }) =>
      isForProduction(unit, at(file, 1))
        ? services.flatMap(({ name, node }) =>
            powersOf(node).map(({ line, what }) => ({ at: at(file, line), name, what })),
          )
        : [],
    );
}

function powersOf(service: Node): readonly { readonly line: number; readonly what: string }[] {
  const flags = [
    ["privileged", "true", "privileged"],
    ["pid", "host", "sees all processes of the host"],
    ["ipc", "host", "shares the host's memory"],
  ] as const;
  const powers = flags.flatMap(([key, value, what]) => {
    const line = entryAt(service, key)?.line;
    return line !== undefined && textAt(service, key) === value ? [{ line, what }] : [];
  });
  const capabilities = itemsAt(service, "cap_add").flatMap((item) => {
    const name = item.type === "scalar" ? item.text.toUpperCase().replace(/^CAP_/, "") : "";
    return ["ALL", "SYS_ADMIN"].includes(name)
      ? [{ line: item.line, what: `capability ${name}` }]
      : [];
  });
  const mounts = itemsAt(service, "volumes").flatMap((item) => {
    const text = item.type === "scalar" ? item.text : (textAt(item, "source") ?? "");
    const isReadOnly = item.type === "scalar" ? /:ro(?:,|$)/.test(text) : false;
    if (text.startsWith("/var/run/docker.sock")) return [{ line: item.line, what: "docker.sock" }];
    return text.startsWith("/:") && !isReadOnly
      ? [{ line: item.line, what: "the host's root" }]
      : [];
  });
  return [...powers, ...capabilities, ...mounts];
}

function inPods(unit: Unit): readonly Weak[] {
  return workloadsOf(unit.documents).flatMap((workload) => {
    const { object } = workload;
    if (isRehearsal(pathOf(at(object.file, object.line)))) return [];
    return weaknessesOf(workload).map(({ line, what }) => ({
      at: at(object.file, line),
      name: object.name,
      what,
    }));
  });
}

function weaknessesOf({ object, podSpec, containers }: Workload) {
  const out: { line: number; what: string }[] = [];
  for (const container of containers) {
    const flag = entryAt(container, "securityContext", "privileged");
    const isPrivileged = textAt(container, "securityContext", "privileged") === "true";
    if (flag !== undefined && isPrivileged) out.push({ line: flag.line, what: "privileged" });
  }
  const contexts = [podSpec, ...containers].map((node) => nodeAt(node, "securityContext"));
  if (!object.template && contexts.every((context) => context === undefined)) {
    out.push({ line: containers[0]?.line ?? object.line, what: "no securityContext, so root" });
  }
  for (const volume of itemsAt(podSpec, "volumes")) {
    const path = textAt(volume, "hostPath", "path");
    if (path === "/" || path === "/var/run/docker.sock") {
      out.push({ line: volume.line, what: `hostPath ${path}` });
    }
  }
  return out;
}
