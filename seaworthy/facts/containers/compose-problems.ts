import type { Problem } from "../document.ts";
import { entriesAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import { at, baseName, type SourceFile } from "../source.ts";
import { entryLines } from "./compose-fields.ts";
import type { ComposeService } from "./compose.ts";

interface Read {
  readonly file: SourceFile;
  readonly root: Node;
  readonly services: readonly ComposeService[];
  readonly isOverlay: boolean;
}

/** One file with more faults than this is one fault. */
const PROBLEMS_MAX = 20;

const TOP = ["version", "name", "services", "networks", "volumes", "configs", "secrets", "include"];
const TOP_KEYS: ReadonlySet<string> = new Set([...TOP, "models"]);

/** What `docker compose config` refuses in this file alone. (compose-spec, Compose 2.x) */
export function composeProblems(read: Read): readonly Problem[] {
  const references =
    read.isOverlay || hasIncludes(read) ? [] : read.services.flatMap(undefinedOf(read));
  return [...unknownTopKeys(read), ...read.services.flatMap(ofService(read)), ...references].slice(
    0,
    PROBLEMS_MAX,
  );
}

function hasIncludes({ root, services }: Read): boolean {
  return (
    nodeAt(root, "include") !== undefined ||
    services.some(({ node }) => nodeAt(node, "extends", "file") !== undefined)
  );
}

function unknownTopKeys({ file, root, services }: Read): readonly Problem[] {
  return entriesAt(root)
    .filter(([key]) => !TOP_KEYS.has(key) && !key.startsWith("x-"))
    .map(([key, { line, node }]) => {
      const looksLikeService = ["image", "build"].some(
        (field) => nodeAt(node, field) !== undefined,
      );
      const fix = looksLikeService
        ? `indent "${key}" by two, so that it stands under services`
        : `remove "${key}", or call it "x-${key}" if it only holds anchors`;
      const message = `Compose knows no top-level key "${key}"`;
      // Other tools keep keys of their own in such files; without services it is not even Compose.
      return {
        at: at(file, line),
        message,
        fix,
        ...(services.length === 0 ? { harmless: true } : {}),
      };
    });
}

/** What is wrong in one service whatever the rest of the project says. */
function ofService({ file }: Read): (service: ComposeService) => readonly Problem[] {
  return ({ name, node }) => [
    ...itemsAt(node, "volumes").flatMap((item) => {
      if (item.type !== "scalar" || !isBadVolume(item.text)) return [];
      return {
        at: at(file, item.line),
        message: `service ${name}: "${item.text}" is no volume: its target is not absolute`,
        fix: "write source:/absolute/target[:ro]",
      };
    }),
    ...itemsAt(node, "ports").flatMap((item) => {
      if (item.type !== "scalar" || !isBadPort(item.text)) return [];
      return {
        at: at(file, item.line),
        message: `service ${name}: "${item.text}" is no port`,
        fix: 'write "published:port", both at most 65535',
      };
    }),
    ...misplaced(file, name, node),
  ];
}

/** `source:target:mode` whose target is relative, which the engine refuses. */
function isBadVolume(text: string): boolean {
  if (text.includes("$") || /^[A-Za-z]:[\\/]/.test(text)) return false;
  const [source = "", target] = text.split(":");
  if (target === undefined) return false;
  return source === "" || !/^(?:\/|[A-Za-z]$)/.test(target);
}

function isBadPort(text: string): boolean {
  if (text.includes("$") || text.includes("[")) return false;
  const [spec = ""] = text.split("/");
  const numbers = spec
    .split(":")
    .slice(-2)
    .flatMap((part) => part.split("-"));
  return numbers.some((part) => /^\d+$/.test(part) && Number(part) > 65_535);
}

/** Keys that belong one level away; Compose refuses them as "additional properties". */
function misplaced(file: SourceFile, name: string, node: Node): readonly Problem[] {
  const homes: Readonly<Record<string, string>> = {
    replicas: "deploy.replicas",
    resources: "deploy.resources",
    restart_policy: "deploy.restart_policy",
    placement: "deploy.placement",
    update_config: "deploy.update_config",
    health_check: "healthcheck",
    envFrom: "env_file",
    max_restarts: "deploy.restart_policy.max_attempts",
  };
  return entriesAt(node)
    .filter(([key]) => Object.hasOwn(homes, key))
    .map(([key, { line }]) => ({
      at: at(file, line),
      message: `service ${name}: Compose knows no key "${key}" in a service`,
      fix: `it belongs to ${homes[key] ?? "another place"}`,
    }));
}

/** Networks, volumes and services that are used and defined nowhere in the file. */
function undefinedOf(read: Read): (service: ComposeService) => readonly Problem[] {
  const { file, root, services } = read;
  const defined = (kind: string) => new Set(entriesAt(root, kind).map(([key]) => key));
  const names = new Set(services.map(({ name }) => name));
  const [networks, volumes] = [defined("networks"), defined("volumes")];
  // Another file of the same command may define what is missing here, unless Compose reads this
  // one by itself or it has definitions of its own kind, which an overlay rarely repeats.
  const alone = /^(?:docker-)?compose\.ya?ml$/.test(baseName(file.path));
  const isWhole = (kind: string) => alone || defined(kind).size > 0;
  const sure = alone ? {} : { harmless: true };
  const dependsInside = services.some(({ node }) =>
    entryLines(nodeAt(node, "depends_on")).some(([key]) => names.has(key)),
  );
  return ({ name, node }) => [
    ...entryLines(nodeAt(node, "networks"))
      .filter(([key]) => isWhole("networks") && key !== "default" && !key.includes("$"))
      .filter(([key]) => !networks.has(key))
      .map(([key, line]) => ({
        at: at(file, line),
        message: `service ${name} joins network "${key}", which this file does not define`,
        fix: `add ${key}: under the top-level networks:, or take one that is there`,
        ...sure,
      })),
    ...usedVolumes(node)
      .filter(([key]) => isWhole("volumes") && !volumes.has(key))
      .map(([key, line]) => ({
        at: at(file, line),
        message: `service ${name} mounts volume "${key}", which this file does not define`,
        fix: `add ${key}: under the top-level volumes:, or write ./${key} if a folder is meant`,
        ...sure,
      })),
    ...entryLines(nodeAt(node, "depends_on"))
      .filter(([key]) => (alone || dependsInside) && !names.has(key) && !key.includes("$"))
      .map(([key, line]) => ({
        at: at(file, line),
        message: `service ${name} depends on "${key}", which is no service of this file`,
        fix: "name a service that exists, or remove the line",
        ...sure,
      })),
  ];
}

function usedVolumes(node: Node): readonly (readonly [string, number])[] {
  return itemsAt(node, "volumes").flatMap((item): readonly (readonly [string, number])[] => {
    if (item.type === "map") {
      const source = textAt(item, "source");
      if (source === undefined || textAt(item, "type") !== "volume") return [];
      return source.includes("$") ? [] : [[source, item.line]];
    }
    const [, source] =
      /^([A-Za-z0-9][\w.-]+):\//.exec(item.type === "scalar" ? item.text : "") ?? [];
    return source === undefined ? [] : [[source, item.line]];
  });
}
