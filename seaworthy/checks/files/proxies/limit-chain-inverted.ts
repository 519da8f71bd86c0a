import type { BodyLimit, TimeLimit } from "../../../facts/fact.ts";
import { at, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";

/** What nginx takes where nothing is said (ngx_http_core_module, client_max_body_size). */
const NGINX_BODY_BYTES = 1_048_576;

export const limitChainInverted: FileRule = {
  name: "limit-chain-inverted",
  summary: "an outer hop gives up, or refuses, before the inner one would",
  check: (unit) => [...patience(unit), ...bodies(unit), ...rates(unit)],
};

/** The outer proxy's patience is shorter than that of what stands behind it, or beside it. */
function patience(unit: Unit): readonly Found[] {
  const limits = unit.facts.of("time-limit").filter(({ of }) => of === "read");
  // Back ends have their own limits: the widest one is the door that long requests take.
  const outer = widest(limits.filter(({ hop }) => hop === "haproxy"));
  if (outer === undefined) return [];
  const inner = limits.filter(({ hop, ms }) => hop !== "haproxy" && ms > outer.ms);
  const first = inner.find(({ hop }) => hop === "application") ?? widest(inner);
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message:
        `haproxy waits ${seconds(outer.ms)} for an answer, ` +
        `${first.hop === "nginx" ? "nginx" : "the application"} up to ${seconds(first.ms)}`,
      places: [
        outer.at,
        first.at,
        ...inner.filter((limit) => limit !== first).map(({ at: place }) => place),
      ],
      why:
        "long requests end in 504 at the one hop while the other still works on them: the client " +
        "tries again and the work is done twice",
      fix: `raise "timeout server" above ${seconds(first.ms)}, or lower the other limit below it`,
    },
  ];
}

function widest(limits: readonly TimeLimit[]): TimeLimit | undefined {
  return limits.toSorted((one, other) => other.ms - one.ms)[0];
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

/** nginx refuses bodies (413) that the application behind it would take. */
function bodies(unit: Unit): readonly Found[] {
  const limits = unit.facts.of("body-limit");
  const application = limits
    .filter(({ hop }) => hop === "application")
    .toSorted((one, other) => other.bytes - one.bytes)[0];
  const [document] = unit.documents.of("nginx");
  if (application === undefined || document === undefined) return [];
  const said = limits.filter(({ hop }) => hop === "nginx");
  const widest = said.toSorted((one, other) => other.bytes - one.bytes)[0];
  // nginx spells "no limit" 0.
  if (said.some(({ bytes }) => bytes === 0)) return [];
  const bytes = widest?.bytes ?? NGINX_BODY_BYTES;
  if (bytes >= application.bytes) return [];
  return [
    bodyFound({ application, bytes, place: widest?.at ?? firstPass(unit) ?? at(document.file, 1) }),
  ];
}

function firstPass(unit: Unit): Location | undefined {
  const files = new Set(unit.documents.of("nginx").map(({ file }) => file.path));
  return unit.facts.of("call").find(({ at: { file, as } }) => files.has(as ?? file))?.at;
}

function bodyFound(limits: {
  readonly application: BodyLimit;
  readonly bytes: number;
  readonly place: Location;
}): Found {
  const mebibytes = (bytes: number) => `${Math.round((bytes / 1_048_576) * 10) / 10} MiB`;
  return {
    severity: "warning",
    message:
      `nginx refuses bodies over ${mebibytes(limits.bytes)}, ` +
      `the application takes ${mebibytes(limits.application.bytes)}`,
    places: [limits.place, limits.application.at],
    why: "uploads that the application would take end in 413 at the proxy, for some users only",
    fix: `client_max_body_size ${Math.ceil(limits.application.bytes / 1_048_576)}m;`,
  };
}

/** The same limit is declared with two different windows. */
function rates(unit: Unit): readonly Found[] {
  const limits = unit.facts.of("rate-limit").filter(({ hop }) => hop === "application");
  const [first] = limits;
  if (first?.windowMs === undefined) return [];
  const other = limits.find(
    ({ windowMs, requests }) =>
      windowMs !== undefined && requests === first.requests && windowMs !== first.windowMs,
  );
  if (other === undefined) return [];
  return [
    {
      severity: "warning",
      message: `one limit of ${first.requests} requests is declared for two different windows`,
      places: [first.at, other.at],
      why: "nobody knows which limit holds until a customer meets it",
      fix: "keep the limit in one place and let the others read it",
    },
  ];
}
