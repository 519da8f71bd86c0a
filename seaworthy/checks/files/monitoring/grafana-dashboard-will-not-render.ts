import type { Component } from "../../../facts/fact.ts";
import type { DashboardDocument } from "../../../facts/monitoring/dashboard.ts";
import { monitoringIn } from "../../../facts/monitoring/embedded.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isSample, listed } from "./listing.ts";
import { placesOf } from "./running.ts";

export const grafanaDashboardWillNotRender: FileRule = {
  name: "grafana-dashboard-will-not-render",
  summary: "a dashboard that Grafana does not load, or that shows nothing",
  check: (unit) => {
    const documents = monitoringIn(unit.documents, "dashboard").filter(
      ({ file }) => !isSample(file.path),
    );
    const isImported = importsDashboards(unit);
    return [
      ...(isImported ? [] : wrapped(documents)),
      ...documents.flatMap((document) => strangeSource(unit, document)),
      ...removedPanels(unit, documents),
      ...(isImported ? [] : unprovided(unit, documents)),
    ];
  },
};

/** A script that posts dashboards needs the wrapper that a file must not have. */
function importsDashboards(unit: Unit): boolean {
  return unit.repository.documents.tree.files.some(
    ({ path, text }) =>
      !/\.(?:mdx?|rst)$/.test(path) && /\/api\/dashboards\/(?:db|import)/.test(text),
  );
}

function wrapped(documents: readonly DashboardDocument[]): readonly Found[] {
  const found = documents.flatMap(({ wrapper, title }) =>
    wrapper === undefined ? [] : [{ title: title || "a dashboard", wrapper }],
  );
  const [first, ...others] = found;
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message: [
        `${listed(found.map(({ title }) => title))}: this is the body of an API call;`,
        "a file begins with what stands inside of it",
      ].join(" "),
      places: [first.wrapper, ...others.map(({ wrapper }) => wrapper)],
      why: [
        "Grafana's file provider finds no title in it, says so in its log and loads nothing.",
        "Whoever is on call finds an empty list in the night it is needed.",
      ].join(" "),
      fix: "Put what is under `dashboard` at the top of the file, or POST it to the API.",
    },
  ];
}

/** Sources that Grafana itself brings. */
const BUILT_IN = /^(?:grafana|-- .* --|default)$|^$/;
const VARIABLE = /^\$\{?(\w+)/;

/** A panel names a data source that provisioning does not make. */
function strangeSource(unit: Unit, document: DashboardDocument): readonly Found[] {
  // A dashboard that is imported by hand is asked for its source then.
  if (document.embedded === undefined && placesOf(unit, document).length === 0) return [];
  const { panels, variables } = document;
  const sources = monitoringIn(unit.documents, "grafana-provisioning").flatMap(
    ({ datasources }) => datasources,
  );
  const [source] = sources;
  if (source === undefined) return [];
  const hasUnnamed = sources.some(({ uid }) => !uid);
  const known = new Set(sources.flatMap(({ name, uid }) => [name, ...(uid ? [uid] : [])]));
  const strange = panels.flatMap(({ datasource }) => {
    if (datasource === undefined || BUILT_IN.test(datasource.value)) return [];
    // What Grafana makes of a name when a source has no uid: "P" and a part of its SHA-256.
    if (hasUnnamed && /^P[0-9A-F]{16}$/.test(datasource.value)) return [];
    const variable = VARIABLE.exec(datasource.value)?.[1];
    const isKnown =
      variable === undefined ? known.has(datasource.value) : variables.includes(variable);
    return isKnown ? [] : [datasource];
  });
  const [first, ...others] = strange;
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message: [
        `panels ask for the data source ${listed(strange.map(({ value }) => value))};`,
        `provisioned are ${listed([...known])}`,
      ].join(" "),
      places: [first.at, source.at, ...others.slice(0, 5).map((other) => other.at)],
      why: "Grafana makes up the uid of a source that has none; each panel says `not found`.",
      fix: first.value.startsWith("$")
        ? `Replace ${first.value} by the uid of the data source, or add it as a variable.`
        : `Give the data source \`uid: ${first.value}\`.`,
    },
  ];
}

/** Panels of Angular: grafana.com/docs/grafana/v11.0/developers/angular_deprecation. */
const REMOVED: ReadonlySet<string> = new Set([
  "graph",
  "singlestat",
  "table-old",
  "grafana-piechart-panel",
  "grafana-worldmap-panel",
]);
const ANGULAR_GONE_IN = 12;

function removedPanels(unit: Unit, documents: readonly DashboardDocument[]): readonly Found[] {
  const panels = documents.flatMap((document) =>
    document.panels.filter(({ type }) => REMOVED.has(type.value)),
  );
  const [first, ...others] = panels;
  if (first === undefined || !runsWithoutAngular(unit)) return [];
  return [
    {
      severity: "note",
      message: [
        `${panels.length} panels are of a type that Grafana ${ANGULAR_GONE_IN} removed:`,
        listed(panels.map(({ type }) => type.value)),
      ].join(" "),
      places: [first.type.at, ...others.slice(0, 5).map(({ type }) => type.at)],
      why: "Grafana migrates what it can when the page opens; axes and thresholds may be lost.",
      fix: "Save them as `timeseries`, `stat` and `table`.",
    },
  ];
}

/** A version is written and older: the panels are shown. */
function runsWithoutAngular(unit: Unit): boolean {
  const versions = grafanasOf(unit).flatMap(({ image }) => {
    const major = /:v?(\d{1,3})[^/]*$/.exec(image?.value ?? "")?.[1];
    return major === undefined ? [] : [Number(major)];
  });
  return versions.every((version) => version >= ANGULAR_GONE_IN);
}

function grafanasOf(unit: Unit): readonly Component[] {
  return unit.facts
    .of("component")
    .filter(({ image }) =>
      /(?:^|\/)grafana(?:-oss|-enterprise)?(?::|@|$)/.test(image?.value ?? ""),
    );
}

/** Dashboards, and no word of provisioning anywhere. */
function unprovided(unit: Unit, documents: readonly DashboardDocument[]): readonly Found[] {
  const [first] = documents.filter(({ embedded }) => embedded === undefined);
  const { documents: all } = unit.repository;
  if (first === undefined || monitoringIn(all, "grafana-provisioning").length > 0) return [];
  if (all.of("helm-chart").length > 0 || all.of("kustomization").length > 0) return [];
  return [
    {
      severity: "note",
      message: "dashboards are here, and no provisioning makes Grafana load them or their source",
      places: [at(first.file, 1)],
      why: "They are imported by hand once, and are not there after Grafana is built anew.",
      fix: "Add `provisioning/dashboards/*.yml` with a file provider, and a data source beside it.",
    },
  ];
}
