import type { Component } from "../fact.ts";
import { entriesAt, entryAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import { at, folderOf, joinPath, type Located } from "../source.ts";
import type { ComposeDocument, ComposeService } from "./compose.ts";
import {
  entryLines,
  environmentOf,
  healthOf,
  labelsOf,
  mountsOf,
  portsOf,
  wordsAt,
  type Reading,
} from "./compose-fields.ts";
import { interpolate, type Lookup } from "./interpolation.ts";
import { bytesOf, durationMs } from "./quantity.ts";

/** A service as one file writes it, before overlays, `extends` and its Dockerfile are added. */
export function readService(
  document: ComposeDocument,
  service: ComposeService,
  lookup: Lookup,
): Component {
  const { node, name } = service;
  const reading: Reading = {
    place: (line) => at(document.file, line),
    text: (written) => interpolate(written, lookup),
  };
  const containerName = textOf(node, "container_name", reading);
  return {
    kind: "component",
    at: service.at,
    platform: "compose",
    name,
    hostNames: hostNamesOf(service, reading),
    ...optional("containerName", containerName),
    ...optional("image", textOf(node, "image", reading)),
    ...optional("build", buildOf(document, node, reading)),
    ...optional("replicas", replicasOf(node, reading)),
    ports: portsOf(node, reading),
    environment: environmentOf(node, reading),
    environmentFiles: environmentFilesOf(document, node, reading),
    mounts: [...mountsOf(node, reading), ...grantedFiles(document, node, reading)],
    ...optional("command", commandOf(node, reading)),
    ...optional("user", textOf(node, "user", reading)),
    ...optional("readOnlyRoot", flagOf(node, reading)),
    ...optional("memoryLimitBytes", memoryOf(node, reading, LIMITS)),
    ...optional("memoryRequestBytes", memoryOf(node, reading, RESERVATIONS)),
    probes: healthOf(node, reading),
    networks: networksOf(node),
    hostNetwork: textAt(node, "network_mode") === "host",
    dependsOn: dependsOnOf(node, reading),
    ...optional("stopGraceMs", stopGraceOf(node, reading)),
    labels: labelsOf(node, reading),
    annotations: new Map(),
  };
}

function optional<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  // An index signature loses the key's literal type; the annotation gives it back.
  const out: { [P in K]?: V } = {};
  if (value !== undefined) out[name] = value;
  return out;
}

function textOf(node: Node, key: string, reading: Reading): Located<string> | undefined {
  const entry = entryAt(node, key);
  const text = textAt(node, key);
  if (entry === undefined || text === undefined) return undefined;
  return { value: reading.text(text), at: reading.place(entry.line) };
}

function hostNamesOf({ name, node }: ComposeService, reading: Reading): readonly string[] {
  const names = new Set([name]);
  for (const key of ["container_name", "hostname"]) {
    const text = textAt(node, key);
    if (text !== undefined) names.add(reading.text(text));
  }
  for (const [, { node: network }] of entriesAt(node, "networks")) {
    for (const alias of itemsAt(network, "aliases")) {
      if (alias.type === "scalar") names.add(reading.text(alias.text));
    }
  }
  return [...names];
}

function buildOf(document: ComposeDocument, node: Node, reading: Reading): Component["build"] {
  const entry = entryAt(node, "build");
  if (entry === undefined) return undefined;
  const short = entry.node.type === "scalar" ? entry.node.text : undefined;
  const written = reading.text(short ?? textAt(entry.node, "context") ?? ".");
  const folder = folderOf(document.file.path);
  const context = /^[./]|^\w[\w./-]*$/.test(written) ? joinPath(folder, written) : undefined;
  const dockerfile = textAt(entry.node, "dockerfile");
  const target = textAt(entry.node, "target");
  const value = {
    context: context ?? written,
    ...(dockerfile === undefined ? {} : { dockerfile: reading.text(dockerfile) }),
    ...(target === undefined ? {} : { target: reading.text(target) }),
  };
  return { value, at: reading.place(entry.line) };
}

function replicasOf(node: Node, reading: Reading): Located<number> | undefined {
  for (const keys of [["deploy", "replicas"], ["scale"]]) {
    const text = textAt(node, ...keys);
    const line = entryAt(node, ...keys)?.line;
    if (text === undefined || line === undefined) continue;
    const count = Number(reading.text(text));
    if (Number.isInteger(count)) return { value: count, at: reading.place(line) };
  }
  return undefined;
}

function environmentFilesOf(
  document: ComposeDocument,
  node: Node,
  reading: Reading,
): readonly Located<string>[] {
  const files = nodeAt(node, "env_file");
  const items = files?.type === "scalar" ? [files] : itemsAt(files);
  return items.flatMap((item) => {
    const written = item.type === "scalar" ? item.text : textAt(item, "path");
    if (written === undefined) return [];
    const path = reading.text(written);
    const value = joinPath(folderOf(document.file.path), path) ?? path;
    return [{ value, at: reading.place(item.line) }];
  });
}

/** Swarm's configs and secrets that come from a file, as the read-only mounts that they are. */
function grantedFiles(
  document: ComposeDocument,
  node: Node,
  reading: Reading,
): Component["mounts"] {
  return ["configs", "secrets"].flatMap((key) =>
    itemsAt(node, key).flatMap((item) => {
      const name = item.type === "scalar" ? item.text : textAt(item, "source");
      if (name === undefined) return [];
      const file = textAt(document.root, key, name, "file");
      if (file === undefined) return [];
      const target = item.type === "map" ? textAt(item, "target") : undefined;
      const folder = key === "secrets" ? "/run/secrets/" : "/";
      const path = target?.startsWith("/") === true ? target : `${folder}${target ?? name}`;
      const source = reading.text(file);
      const place = reading.place(item.line);
      return [{ at: place, type: "bind" as const, source, target: path, readOnly: true }];
    }),
  );
}

function commandOf(node: Node, reading: Reading): Component["command"] {
  const entry = entryAt(node, "entrypoint") ?? entryAt(node, "command");
  const entrypoint = wordsAt(node, "entrypoint", reading);
  const command = wordsAt(node, "command", reading);
  if (entry === undefined || (entrypoint ?? command) === undefined) return undefined;
  return { value: [...(entrypoint ?? []), ...(command ?? [])], at: reading.place(entry.line) };
}

function flagOf(node: Node, reading: Reading): Located<boolean> | undefined {
  const found = textOf(node, "read_only", reading);
  return found === undefined ? undefined : { value: found.value === "true", at: found.at };
}

const LIMITS = [["deploy", "resources", "limits", "memory"], ["mem_limit"]];
const RESERVATIONS = [["deploy", "resources", "reservations", "memory"], ["mem_reservation"]];

function memoryOf(
  node: Node,
  reading: Reading,
  paths: readonly (readonly string[])[],
): Located<number> | undefined {
  for (const keys of paths) {
    const text = textAt(node, ...keys);
    const line = entryAt(node, ...keys)?.line;
    const bytes = text === undefined ? undefined : bytesOf(reading.text(text));
    if (bytes !== undefined && line !== undefined) return { value: bytes, at: reading.place(line) };
  }
  return undefined;
}

function networksOf(node: Node): readonly string[] {
  if (nodeAt(node, "network_mode") !== undefined) return [];
  const names = entryLines(nodeAt(node, "networks")).map(([name]) => name);
  return names.length === 0 ? ["default"] : names;
}

function dependsOnOf(node: Node, reading: Reading): Component["dependsOn"] {
  const entry = nodeAt(node, "depends_on");
  const links = itemsAt(node, "links").map((item) => {
    const [name = ""] = item.type === "scalar" ? item.text.split(":") : [];
    return { value: { name }, at: reading.place(item.line) };
  });
  const needed = entryLines(entry).map(([name, line]) => {
    const condition = textAt(entry, name, "condition");
    const value = condition === undefined ? { name } : { name, condition };
    return { value, at: reading.place(line) };
  });
  return [...needed, ...links];
}

function stopGraceOf(node: Node, reading: Reading): Located<number> | undefined {
  const found = textOf(node, "stop_grace_period", reading);
  const ms = found === undefined ? undefined : durationMs(found.value);
  return found === undefined || ms === undefined ? undefined : { value: ms, at: found.at };
}
