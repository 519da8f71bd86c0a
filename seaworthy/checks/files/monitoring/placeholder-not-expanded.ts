import type { Document } from "../../../facts/document.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import type { AlertmanagerDocument } from "../../../facts/monitoring/alertmanager.ts";
import type { PrometheusDocument } from "../../../facts/monitoring/prometheus.ts";
import { entriesAt, itemsAt, nodeAt, textAt, type Node } from "../../../facts/node.ts";
import { at, baseName, type Location, type SourceFile } from "../../../facts/source.ts";
import { structured } from "../../../facts/structured.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isExpanded } from "./expansion.ts";
import { isSample, listed } from "./listing.ts";

export const placeholderNotExpanded: FileRule = {
  name: "placeholder-not-expanded",
  summary: "a variable stands in a file whose program never expands it",
  check: (unit) => [
    ...monitoringIn(unit.documents, "alertmanager").flatMap((document) =>
      inConfiguration(unit, document),
    ),
    ...monitoringIn(unit.documents, "prometheus").flatMap((document) =>
      inConfiguration(unit, document),
    ),
    ...unit.documents.of("manifest").flatMap((document) => inSecrets(unit, document)),
  ],
};

interface Placeholder {
  readonly name: string;
  readonly at: Location;
}

/** `${NAME}`, `${NAME:-x}`, `$NAME`: names of the environment; `$1` and `$labels` are none. */
const VARIABLE = /\$\{([A-Z_][A-Z0-9_]{2,60})(?::?[-?=+][^}]{0,80})?\}|\$([A-Z_][A-Z0-9_]{2,60})/;
/** Named groups of a relabelling and labels that Prometheus does expand. */
const EXPANDED_KEYS: ReadonlySet<string> = new Set(["replacement", "external_labels"]);

function inConfiguration(
  unit: Unit,
  document: AlertmanagerDocument | PrometheusDocument,
): readonly Found[] {
  const skipped = document.kind === "prometheus" ? EXPANDED_KEYS : new Set<string>();
  const found = placeholdersIn(document.file, document.root, skipped);
  const [first, ...others] = found;
  if (first === undefined || isExpanded(unit, document.file.path)) return [];
  const product = document.kind === "prometheus" ? "Prometheus" : "Alertmanager";
  return [
    {
      severity: isSample(document.file.path) ? "note" : "error",
      message: `${product} never expands variables: ${listed(
        found.map(({ name }) => name),
      )} is taken as it stands`,
      places: [first.at, ...others.map((other) => other.at)],
      why: [
        `${product} refuses an address with a variable in it and does not start; a password with`,
        "one in it is sent as those letters, so that no message ever arrives.",
      ].join(" "),
      fix:
        product === "Alertmanager"
          ? "Use the `…_file` fields (`api_url_file`, `smtp_auth_password_file`), or run envsubst."
          : "Use the `…_file` fields (`password_file`, `credentials_file`), or run envsubst.",
    },
  ];
}

/** The reader of structured files has limited their depth. */
function placeholdersIn(
  file: SourceFile,
  node: Node,
  skipped: ReadonlySet<string>,
): readonly Placeholder[] {
  switch (node.type) {
    case "list":
      return node.items.flatMap((item) => placeholdersIn(file, item, skipped));
    case "map":
      return [...node.entries].flatMap(([key, entry]) =>
        skipped.has(key) ? [] : placeholdersIn(file, entry.node, skipped),
      );
    case "scalar": {
      // A template of Go has variables of its own.
      if (node.text.includes("{{")) return [];
      const [whole, braced, bare] = VARIABLE.exec(node.text) ?? [];
      if (whole === undefined) return [];
      return [{ name: braced ?? bare ?? whole, at: at(file, node.line) }];
    }
  }
}

/** `data` of a Secret is base64: a variable in it is refused by the API server. */
function inSecrets(unit: Unit, document: Document): readonly Found[] {
  const { file } = document;
  return structured(file)
    .documents.flatMap((root) => [root, ...itemsAt(root, "items")])
    .filter((root) => textAt(root, "kind") === "Secret")
    .flatMap((root): Found[] => {
      const data = entriesAt(nodeAt(root, "data")).map(([, { node }]) => node);
      const found = data.flatMap((node) => placeholdersIn(file, node, new Set()));
      const [first, ...others] = found;
      if (first === undefined || isExpanded(unit, file.path) || isSubstituted(unit)) return [];
      const name = textAt(root, "metadata", "name") ?? baseName(file.path);
      return [
        {
          severity: isSample(file.path) ? "note" : "error",
          message: `Secret ${name} holds ${listed(
            found.map((each) => each.name),
          )} as written: nothing here puts the values in`,
          places: [first.at, ...others.map((other) => other.at)],
          why: [
            "`data` must be base64, and `${…}` is none: `kubectl apply` refuses the Secret, and",
            "every pod that names it waits in CreateContainerConfigError.",
          ].join(" "),
          fix: "Create it with `kubectl create secret`, or pipe the manifest through envsubst.",
        },
      ];
    });
}

/** Flux and Argo CD put variables in on the cluster's side. */
function isSubstituted(unit: Unit): boolean {
  return unit.repository.documents.tree.files.some(
    ({ path, text }) =>
      /\.ya?ml$/.test(path) && /postBuild:|substituteFrom:|argocd-vault-plugin/.test(text),
  );
}
