import { addressesIn, isOwnAddress } from "../addresses.ts";
import type { Documents } from "../document.ts";
import type { Call } from "../fact.ts";
import { entriesAt, itemsAt, nodeAt, textAt, type ScalarNode } from "../node.ts";
import { at, type Location } from "../source.ts";
import type { KubeObject } from "./kubernetes.ts";
import { ofKind } from "./objects.ts";
import { mayShare, workloadsOf, type Workload } from "./workloads.ts";

/** Longer values hold data, not addresses. */
const VALUE_CHARACTERS_MAX = 2000;
/** Lines of one entry that are looked at. */
const LINES_MAX = 5000;

/** Hosts that pods are told to call: values of `env` and of the ConfigMaps that pods take in. */
export function configurationFacts(documents: Documents): readonly Call[] {
  const workloads = workloadsOf(documents);
  return [
    ...workloads.flatMap(fromEnvironment),
    ...ofKind(documents, "ConfigMap").flatMap((map) => {
      const user = workloads.find((workload) => takes(workload, map));
      return fromMap(map, user?.object.name);
    }),
  ];
}

function fromEnvironment({ object, containers, initContainers }: Workload): readonly Call[] {
  return [...containers, ...initContainers].flatMap((container) =>
    itemsAt(container, "env").flatMap((item) => {
      const value = nodeAt(item, "value");
      const name = textAt(item, "name") ?? "";
      if (value?.type !== "scalar") return [];
      const place = at(object.file, value.line);
      return callsIn({ name, text: value.text, place, component: object.name });
    }),
  );
}

/** A pod names this ConfigMap: in `env`, `envFrom` or a volume. */
function takes(
  { object, podSpec, containers, initContainers }: Workload,
  map: KubeObject,
): boolean {
  if (!mayShare(object.namespace, map.namespace)) return false;
  const volumes = itemsAt(podSpec, "volumes").flatMap((volume) => [
    textAt(volume, "configMap", "name"),
    ...itemsAt(volume, "projected", "sources").map((source) => textAt(source, "configMap", "name")),
  ]);
  const variables = [...containers, ...initContainers].flatMap((container) => [
    ...itemsAt(container, "envFrom").map((source) => textAt(source, "configMapRef", "name")),
    ...itemsAt(container, "env").map((item) =>
      textAt(item, "valueFrom", "configMapKeyRef", "name"),
    ),
  ]);
  return [...volumes, ...variables].includes(map.name);
}

function fromMap(map: KubeObject, component: string | undefined): readonly Call[] {
  return entriesAt(map.root, "data").flatMap(([name, { node }]) => {
    if (node.type !== "scalar") return [];
    if (!node.block && !node.text.includes("\n")) {
      return callsIn({ name, text: node.text, place: at(map.file, node.line), component });
    }
    return fromFile({ map, node, component, key: name });
  });
}

interface Nested {
  readonly map: KubeObject;
  readonly node: ScalarNode;
  readonly component: string | undefined;
  readonly key: string;
}

/** Files of settings; what Prometheus, nginx or a shell reads has readers of its own. */
const SETTINGS = /\.(?:ya?ml|properties|env|toml|ini|json)$|^\.env/;
const OTHERS =
  /^\s{0,20}(?:scrape_configs|rule_files|alerting|groups|receivers|providers|datasources):/m;

function fromFile({ map, node, component, key }: Nested): readonly Call[] {
  if (!SETTINGS.test(key) || OTHERS.test(node.text.slice(0, 100_000))) return [];
  const first = node.line + (node.block ? 1 : 0);
  return node.text
    .split("\n")
    .slice(0, LINES_MAX)
    .flatMap((line, index) => {
      const setting = settingOf(line);
      if (setting === undefined) return [];
      const place = at(map.file, first + (node.block ? index : 0));
      return callsIn({ ...setting, place, component });
    });
}

/** `key: value`, `key = value`, `- value` of a line in a file of settings. */
function settingOf(line: string): { readonly name: string; readonly text: string } | undefined {
  if (line.length > VALUE_CHARACTERS_MAX || /^\s*[#;]/.test(line)) return undefined;
  const [, key, value] = /^\s*(?:- )?"?([\w.-]{1,100})"?\s?[:=]\s?(.*)$/.exec(line) ?? [];
  if (key !== undefined && value !== undefined && /^\d{1,5}$/.test(value.trim()) === false) {
    return { name: key, text: unquoted(value) };
  }
  const [, item] = /^\s*- (.*)$/.exec(line) ?? [];
  return item === undefined ? undefined : { name: "", text: unquoted(item) };
}

function unquoted(text: string): string {
  return text
    .trim()
    .replace(/,$/, "")
    .replace(/^["']|["']$/g, "");
}

interface Setting {
  readonly name: string;
  readonly text: string;
  readonly place: Location;
  readonly component: string | undefined;
}

/** The hosts that a value names: URLs, `host:port`, or a bare name under a key that says so. */
function callsIn({ name, text, place, component }: Setting): readonly Call[] {
  if (text.length > VALUE_CHARACTERS_MAX || isOwnAddress(name)) return [];
  const call = {
    kind: "call",
    at: place,
    via: "configuration",
    scope: "cluster",
    ...(component === undefined ? {} : { component }),
  } as const;
  return addressesIn(name, text).map((address) => ({ ...call, ...address }));
}
