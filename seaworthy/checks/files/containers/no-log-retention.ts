import { nodeAt, textAt } from "../../../facts/node.ts";
import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isForProduction, isRehearsal, listed, placesOf } from "./intent.ts";
import { isSaidAnywhere } from "./mentions.ts";

export const noLogRetention: FileRule = {
  name: "no-log-retention",
  summary: "logs grow until the disk is full",
  check: (unit) => [...unboundedLogs(unit), ...datedIndices(unit), ...debugOutput(unit)],
};

/** Docker's default driver keeps everything, unless the service or the daemon says otherwise. */
function unboundedLogs(unit: Unit): readonly Found[] {
  if (isSaidAnywhere(unit, /"log-opts?"|--log-opt\b|"log-driver"/)) return [];
  return unit.documents.of("compose").flatMap((document): readonly Found[] => {
    const { file, services, isOverlay } = document;
    if (isOverlay || !isForProduction(unit, at(file, 1))) return [];
    const unbounded = services.filter(({ node }) => {
      const logging = nodeAt(node, "logging");
      if (logging === undefined) return nodeAt(node, "extends") === undefined;
      const driver = textAt(logging, "driver") ?? "json-file";
      return driver === "json-file" && nodeAt(logging, "options", "max-size") === undefined;
    });
    const [first, ...rest] = unbounded;
    if (first === undefined) return [];
    return [
      {
        severity: "note",
        message: `nothing bounds the logs of ${listed(unbounded.map(({ name }) => name))}`,
        places: placesOf(
          first.at,
          rest.map((service) => service.at),
        ),
        why:
          "Docker keeps every line for ever: the disk fills over months, and then the " +
          "databases on " +
          "the same disk stop first",
        fix: 'logging: { driver: json-file, options: { max-size: "50m", max-file: "5" } }',
      },
    ];
  });
}

const DATED = /index\s*=>\s*["'][^"'\n]{0,200}%\{\+[yYxX]{4}/;
const EXPIRING =
  /ilm_|_ilm\/|index\.lifecycle|curator|_plugins\/_ism|_opendistro\/_ism|delete_indices|min_age/;

/** An index a day, and nothing that deletes old ones. */
function datedIndices(unit: Unit): readonly Found[] {
  if (isSaidAnywhere(unit, EXPIRING)) return [];
  return logstashFiles(unit).flatMap((file): readonly Found[] => {
    const line = lineOf(file.text, DATED);
    if (line === undefined) return [];
    return [
      {
        severity: isRehearsal(file.path) ? "note" : "warning",
        message: "an index is made every day, and nothing ever deletes one",
        places: [at(file, line)],
        why:
          "the disk of Elasticsearch fills; at 95 % it makes every index read-only, and logging " +
          "stops on the day it is needed",
        fix: "an ILM policy with a delete phase (ilm_enabled, ilm_policy), or Curator by the clock",
      },
    ];
  });
}

function debugOutput(unit: Unit): readonly Found[] {
  return logstashFiles(unit).flatMap((file): readonly Found[] => {
    const line = lineOf(file.text, /codec\s*=>\s*rubydebug/);
    if (line === undefined || isRehearsal(file.path)) return [];
    return [
      {
        severity: "note",
        message: "every event is printed a second time, for debugging",
        places: [at(file, line)],
        why: "Logstash's own log grows as fast as all others together, on its own disk",
        fix: "remove the stdout output",
      },
    ];
  });
}

function logstashFiles(unit: Unit) {
  return unit.documents
    .of("log-shipper")
    .filter(({ product }) => product === "logstash")
    .map(({ file }) => file);
}

const LINES_MAX = 10_000;

function lineOf(text: string, form: RegExp): number | undefined {
  const lines = text.split("\n", LINES_MAX);
  const index = lines.findIndex((line) => form.test(line.slice(0, 1_000)));
  return index < 0 ? undefined : index + 1;
}
