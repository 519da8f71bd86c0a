import { entryAt, entriesAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import type { SourceFile } from "../source.ts";
import { structured } from "../structured.ts";
import type { LogShipperDocument } from "./delivery.ts";

type Path = LogShipperDocument["paths"][number];

/** Filebeat, promtail (YAML), Logstash and Fluent Bit (their own languages), by content. */
export function readLogShipper(file: SourceFile): LogShipperDocument | undefined {
  if (/\.ya?ml$/.test(file.path)) return fromYaml(file);
  if (file.text.length > 500_000) return undefined;
  if (/^[ \t]*input[ \t]*\{/m.test(file.text) && /^[ \t]*output[ \t]*\{/m.test(file.text)) {
    return made(file, "logstash", pathsIn(file.text, /^\s*path\s*=>\s*\[?\s*["']([^"']{1,300})/));
  }
  if (/^\[INPUT\]/im.test(file.text) && /^\[OUTPUT\]/im.test(file.text)) {
    return made(file, "fluent-bit", pathsIn(file.text, /^\s*path\s+(\/\S{1,300})/i));
  }
  return undefined;
}

const READS_CONTAINERS =
  /(?:docker|kubernetes)_sd_configs|type:\s*container|autodiscover|add_docker_metadata/;

function made(
  file: SourceFile,
  product: LogShipperDocument["product"],
  paths: readonly Path[],
): LogShipperDocument {
  const readsContainers =
    paths.some(({ path }) => isContainerLog(path)) || READS_CONTAINERS.test(file.text);
  return { kind: "log-shipper", product, file, paths, readsContainers, problems: [] };
}

/** Where engines keep what containers write to their standard output. */
function isContainerLog(path: string): boolean {
  return /\/var\/lib\/docker\/containers|\/var\/log\/(containers|pods)/.test(path);
}

function pathsIn(text: string, pattern: RegExp): readonly Path[] {
  return text.split("\n").flatMap((line, index) => {
    const path = line.length > 2_000 ? undefined : pattern.exec(line)?.[1];
    return path === undefined ? [] : [{ line: index + 1, path }];
  });
}

function fromYaml(file: SourceFile): LogShipperDocument | undefined {
  const [root] = structured(file).documents;
  if (root?.type !== "map") return undefined;
  const inputs = nodeAt(root, "filebeat.inputs") ?? nodeAt(root, "filebeat", "inputs");
  if (inputs !== undefined || root.entries.has("filebeat.autodiscover")) {
    const paths = (inputs?.type === "list" ? inputs.items : []).flatMap((input) =>
      itemsAt(input, "paths").flatMap(pathOf),
    );
    return made(file, "filebeat", paths);
  }
  const promtail =
    entryAt(root, "positions") !== undefined || entryAt(root, "clients") !== undefined;
  if (!promtail || nodeAt(root, "scrape_configs") === undefined) return undefined;
  const paths = itemsAt(root, "scrape_configs").flatMap((job) =>
    itemsAt(job, "static_configs").flatMap((set) =>
      entriesAt(set, "labels").flatMap(([name, { node }]) =>
        name === "__path__" ? pathOf(node) : [],
      ),
    ),
  );
  return made(file, "promtail", paths);
}

function pathOf(node: Node): readonly Path[] {
  const path = textAt(node);
  return path === undefined ? [] : [{ line: node.line, path }];
}
