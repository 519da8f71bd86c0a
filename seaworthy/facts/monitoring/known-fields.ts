import type { Problem } from "../document.ts";
import { entriesAt, type Entry, type Node } from "../node.ts";
import { at, type SourceFile } from "../source.ts";
import alertmanager from "./alertmanager-fields.json" with { type: "json" };
import prometheus from "./prometheus-fields.json" with { type: "json" };

/** The fields of one kind of map, and of what stands below them. Lists are looked into. */
interface Shape {
  readonly fields: ReadonlySet<string>;
  readonly below?: () => Readonly<Record<string, Shape>>;
}

/** Unknown fields of one file that are reported; a file of another program has hundreds. */
const FIELDS_MAX = 40;

const ALERTMANAGER: Shape = {
  fields: words(alertmanager.top),
  below: () => ({
    global: { fields: words(alertmanager.global) },
    route: ROUTE,
    inhibit_rules: { fields: words(alertmanager.inhibition) },
    receivers: RECEIVER,
  }),
};

const ROUTE: Shape = { fields: words(alertmanager.route), below: () => ({ routes: ROUTE }) };

const INTEGRATIONS: Readonly<Record<string, Shape>> = Object.fromEntries(
  Object.entries(alertmanager.integrations).map(([name, text]) => [name, { fields: words(text) }]),
);

const RECEIVER: Shape = {
  fields: new Set([...words(alertmanager.receiver), ...Object.keys(INTEGRATIONS)]),
  below: () => INTEGRATIONS,
};

const RELABEL: Shape = { fields: words(prometheus.relabel) };

const TARGETS: Readonly<Record<string, Shape>> = {
  static_configs: { fields: words(prometheus.static) },
  relabel_configs: RELABEL,
  metric_relabel_configs: RELABEL,
};

const PROMETHEUS: Shape = {
  fields: words(prometheus.top),
  below: () => ({
    global: { fields: words(prometheus.global) },
    scrape_configs: { fields: words(prometheus.scrape), below: () => TARGETS },
    alerting: {
      fields: words(prometheus.alerting),
      below: () => ({
        alertmanagers: { fields: words(prometheus.alertmanager), below: () => TARGETS },
      }),
    },
    storage: {
      fields: words(prometheus.storage),
      below: () => ({ tsdb: { fields: words(prometheus.tsdb) } }),
    },
    remote_write: { fields: words(prometheus.remoteWrite) },
  }),
};

const RULES: Shape = {
  fields: words(prometheus.rules),
  below: () => ({
    groups: {
      fields: words(prometheus.group),
      below: () => ({ rules: { fields: words(prometheus.rule) } }),
    },
  }),
};

const SHAPES = {
  Alertmanager: ALERTMANAGER,
  Prometheus: PROMETHEUS,
  "Prometheus's rule reader": RULES,
} as const;

/** Fields that the program does not know: it reads strictly and refuses the whole file. */
export function unknownFields(
  file: SourceFile,
  root: Node,
  program: keyof typeof SHAPES,
): readonly Problem[] {
  const found: Problem[] = [];
  const walk = (node: Node, shape: Shape, parent: string): void => {
    if (node.type === "list") for (const item of node.items) walk(item, shape, parent);
    const below = shape.below?.() ?? {};
    for (const [key, entry] of entriesAt(node)) {
      if (found.length >= FIELDS_MAX) return;
      const inner = below[key];
      if (inner !== undefined) walk(entry.node, inner, key);
      else if (!shape.fields.has(key) && !key.endsWith("_sd_configs")) {
        found.push(stranger(file, { key, entry, parent, program, shape }));
      }
    }
  };
  walk(root, SHAPES[program], "");
  return found;
}

interface Stranger {
  readonly key: string;
  readonly entry: Entry;
  readonly parent: string;
  readonly program: string;
  readonly shape: Shape;
}

function stranger(file: SourceFile, { key, entry, parent, program, shape }: Stranger): Problem {
  const where = parent === "" ? "at the top" : `under ${parent}`;
  const near = nearMiss(key, shape.fields);
  return {
    at: at(file, entry.line),
    message: `${program} knows no ${key} ${where}: it refuses the whole file`,
    fix:
      SPELLINGS.get(`${parent} ${key}`) ??
      (near === undefined ? `Delete it, or move it where ${program} knows it.` : `Write ${near}.`),
  };
}

const EMAIL = "Write `headers: {Subject: …}` for the subject, and `html:` or `text:` for the body.";
const WEBHOOK =
  "A webhook's body is fixed (`payload:` since 0.29); what receives it makes the text.";
const RETENTION =
  "Give `--storage.tsdb.retention.time` and `--storage.tsdb.path` on the command line.";

/** What people mean by the fields that are most often made up. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ["email_configs subject", EMAIL],
  ["email_configs body", EMAIL],
  ["email_configs title", EMAIL],
  ["email_configs message", EMAIL],
  ["webhook_configs title", WEBHOOK],
  ["webhook_configs text", WEBHOOK],
  ["webhook_configs body", WEBHOOK],
  ["webhook_configs message", WEBHOOK],
  ["slack_configs webhook_url", "Write `api_url`."],
  ["slack_configs url", "Write `api_url`."],
  ["tsdb path", RETENTION],
  ["tsdb retention.time", RETENTION],
  ["tsdb retention.size", RETENTION],
]);

/** The same letters with other separators, or one more or fewer at the end. */
function nearMiss(key: string, fields: ReadonlySet<string>): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_.]|s$/g, "");
  return [...fields].find((field) => plain(field) === plain(key));
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}
