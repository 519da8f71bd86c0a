import { at } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";

const STACK = /\b(?:ELK(?: Stack)?|EFK|Elasticsearch|Kibana|Loki|Logstash|Fluentd|Graylog)\b/i;
const SHIPPER = /filebeat|logstash|fluent|promtail|vector|alloy|graylog|logspout/i;
const LINE_CHARACTERS_MAX = 500;

/** A guide's picture shows where the logs go, and nothing in it brings them there. */
export function promisedLogStack(unit: Unit): readonly Found[] {
  const { tree } = unit.documents;
  // Outside a guide the log's way may be another repository's.
  if (tree.guide === undefined || unit.documents.of("log-shipper").length > 0) return [];
  const ships = unit.facts
    .of("component")
    .some(({ name, image, command }) =>
      SHIPPER.test([name, image?.value ?? "", ...(command?.value ?? [])].join(" ")),
    );
  const installs = unit.facts.of("step").some(({ words }) => SHIPPER.test(words.join(" ")));
  if (ships || installs || unit.facts.of("component").length === 0) return [];
  return unit.documents.of("prose").flatMap(({ file }): readonly Found[] => {
    const lines = file.text.split("\n");
    const index = lines.findIndex((line) => line.length < LINE_CHARACTERS_MAX && STACK.test(line));
    const [name] = STACK.exec(lines[index] ?? "") ?? [];
    if (name === undefined) return [];
    return [
      {
        severity: "note",
        message: `logs are said to go to ${name}, and nothing here collects or sends them`,
        places: [at(file, index + 1)],
        why: "After a restart the containers' output is gone, and there is nothing to search.",
        fix: "say what collects them (a Filebeat, Promtail or Fluent Bit on each node), or drop it",
      },
    ];
  });
}
