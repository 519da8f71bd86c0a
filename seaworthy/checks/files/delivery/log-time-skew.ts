import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { zonelessDates } from "./log-dates.ts";
import { listed, placesOf } from "./wording.ts";

/** Whoever writes the log and whoever reads its times take them for different zones. */
export const logTimeSkew: FileRule = {
  name: "log-time-skew",
  summary: "log lines carry local times without a zone, and are read in another",
  check: (unit) => {
    const local = localZones(unit);
    const [first] = local;
    if (first === undefined) return [];
    return unit.documents.of("log-shipper").flatMap((document) => {
      const [date] = zonelessDates(document);
      if (date === undefined || readsThere(unit, document.product, first.zone)) return [];
      return [finding(at(document.file, date.line), { product: document.product, local })];
    });
  },
};

interface Zone {
  readonly zone: string;
  readonly who: string;
  readonly at: Location;
}

function finding(
  place: Location,
  { product, local }: { readonly product: string; readonly local: readonly Zone[] },
): Found {
  const [first] = local;
  const zone = first?.zone ?? "";
  return {
    severity: "warning",
    message:
      `${product} reads times without a zone, and ${listed(local.map(({ who }) => who))} writes ` +
      `them in ${zone}`,
    places: placesOf(
      place,
      local.map((one) => one.at),
    ),
    why:
      "The lines of an incident stand hours beside the metrics and alerts of the same minute, " +
      "and searches of the last hour find none of them.",
    fix:
      product === "logstash"
        ? `\`timezone => "${zone}"\` in the filter, or UTC with an offset in the application's log`
        : "write UTC with an offset (`…Z`), or name the zone where the time is read",
  };
}

const UTC = /^(?:|UTC|GMT|Etc\/(?:UTC|GMT)|Universal|Zulu|UTC0)$/i;
/** A shipper's own zone is not its writers'. */
const SHIPPER = /filebeat|logstash|fluent|promtail|vector|elasticsearch|kibana|loki|grafana/i;

/** Images and containers whose clock is set to a zone other than UTC. */
function localZones(unit: Unit): readonly Zone[] {
  const zones = [...imageZones(unit), ...containerZones(unit)];
  const [first] = zones.filter(({ zone }) => /^[A-Z]\w+\/\w/.test(zone) && !UTC.test(zone));
  return first === undefined ? [] : zones.filter(({ zone }) => zone === first.zone);
}

function imageZones(unit: Unit): readonly Zone[] {
  return unit.documents.of("dockerfile").flatMap(({ file, stages }) =>
    (stages.at(-1)?.instructions ?? []).flatMap(({ keyword, text, at: place }): readonly Zone[] => {
      if (keyword !== "ENV" || SHIPPER.test(file.path)) return [];
      const [, zone] = /(?:^|\s)TZ[=\s]\s{0,9}["']?([\w/+-]{1,60})/.exec(text) ?? [];
      return zone === undefined ? [] : [{ zone, who: file.path, at: place }];
    }),
  );
}

function containerZones(unit: Unit): readonly Zone[] {
  return unit.facts.of("component").flatMap(({ name, image, environment }): readonly Zone[] => {
    const entry = environment.get("TZ");
    if (entry?.value === undefined || SHIPPER.test(`${name} ${image?.value ?? ""}`)) return [];
    // A store's clock is not the application's.
    return [{ zone: entry.value, who: name, at: entry.at }];
  });
}

/** Where nothing is said, a parser takes its own container's zone. */
function readsThere(unit: Unit, product: string, zone: string): boolean {
  return unit.facts.of("component").some(({ name, image, environment }) => {
    if (!`${name} ${image?.value ?? ""}`.includes(product)) return false;
    return environment.get("TZ")?.value === zone;
  });
}
