import { badName, choice, duration, integer, percent, text, unitName } from "./kinds.ts";
import {
  isRecord,
  notA,
  openFields,
  readEntries,
  readItems,
  readLeaf,
  type Fields,
  type Site,
} from "./reader.ts";
import { readEdge } from "./read-edge.ts";
import { readJob } from "./read-job.ts";
import { readLoad } from "./read-load.ts";
import { readService } from "./read-service.ts";
import {
  DECLARATION_VERSION,
  type DrillSettings,
  type Objectives,
  type PlatformName,
  type SecretProvider,
  type System,
} from "./system.ts";

const SERVICES_MAX = 50;
const JOBS_MAX = 50;
const PROVIDERS_MAX = 10;
const ARGUMENTS_MAX = 50;

/** A share of nothing can never be shown: *held* needs 3 / limit requests (architecture §13). */
const RATIO_MIN = 1e-7;

const EXTERNAL_STORE =
  'Run the store yourself and pass its address: env: { DATABASE_URL: secret("DATABASE_URL") }.';

/** What is planned for a whole system, with the way out until then. */
const SYSTEM_LATER = {
  stores: EXTERNAL_STORE,
  watch: "Remove it; `status` and `events` say what runs, metrics come in a later version.",
  alerts: "Remove it; `status` exits with the state of the objectives, which a scheduler can ask.",
  overrides: "Remove it; overrides come with the renderers.",
  hosts: "Remove it; for now a system runs on this machine: --on local.",
};

/** The whole declaration, environments already merged; every field of the language is read here. */
export function readSystem(
  input: unknown,
  site: Site,
  outer: {
    readonly environment: string | undefined;
    readonly platform: PlatformName | undefined;
  },
): System {
  const fields = openFields(input, site, "a system: an object with `name` and `services`");
  readVersion(fields);
  site.log.source({ ...site, canonical: "environment" }, "derived");
  const name = fields.leaf({
    name: "name",
    kind: unitName,
    means: "Names the system: its state, its instances, its reports.",
  });
  const platform = readPlatform(fields, site, outer.platform);
  const services = fields.part({
    name: "services",
    means: "Kinds of processes that answer requests.",
    expected: "services by name",
    required: true,
    read: (entries, at) => readUnits(entries, at, { read: readService, countMax: SERVICES_MAX }),
  });
  const edge = fields.part({
    name: "edge",
    means: "Where users' requests come in; undefined: nothing is public.",
    expected: '{ routes: { "/": "service" } }',
    read: readEdge,
  });
  const system: System = {
    declarationVersion: DECLARATION_VERSION,
    name,
    environment: outer.environment,
    platform,
    services,
    jobs: fields.part({
      name: "jobs",
      means: "Programs that run to their end, once per release, before it rolls.",
      expected: "jobs by name",
      read: (entries, at) => readUnits(entries, at, { read: readJob, countMax: JOBS_MAX }),
    }),
    edge,
    objectives: readObjectivesField(fields),
    load: fields.part({
      name: "load",
      means: "What clients do; drills and rolls send it.",
      expected: "{ rate, mix }",
      read: (load, at) => readLoad(load, at, edge?.routes ?? []),
    }),
    drills: readDrillsField(fields),
    secrets: readSecretsField(fields),
  };
  fields.notYet(SYSTEM_LATER);
  fields.end();
  return system;
}

function readUnits<Unit>(
  input: unknown,
  site: Site,
  spec: {
    readonly countMax: number;
    readonly read: (input: unknown, site: Site, name: string) => Unit;
  },
): Readonly<Record<string, Unit>> {
  if (isRecord(input) && Object.keys(input).length === 0 && site.declared === "services") {
    site.log.fault(site, notA(input, "at least one service"));
  }
  return readEntries(input, site, { expected: "units by name", key: badName, ...spec });
}

function readVersion(fields: Fields): void {
  const readable = integer({ min: DECLARATION_VERSION, max: DECLARATION_VERSION });
  fields.leaf({
    name: "declarationVersion",
    kind: readable,
    default: DECLARATION_VERSION,
    means: "Version of the language; a newer one than this tool knows is refused.",
  });
}

function readPlatform(fields: Fields, site: Site, asked: PlatformName | undefined): PlatformName {
  const declared: PlatformName = fields.leaf({
    name: "on",
    as: "platform",
    kind: choice(["local", "docker", "kubernetes"]),
    default: "local",
    means: "Where it runs: local, docker or kubernetes; --on wins.",
  });
  if (asked === undefined) return declared;
  site.log.source({ ...site, canonical: "platform" }, "derived");
  return asked;
}

function readObjectivesField(parent: Fields): Objectives {
  const expected = '{ availability: "99.9%", latency: { p95 }, errors, recovery: { time } }';
  return parent.part({
    name: "objectives",
    means: "What is promised, and what drills measure.",
    expected,
    read: (input, site) => {
      const fields = openFields(input, site, expected);
      const objectives: Objectives = {
        availability: fields.maybe({
          name: "availability",
          kind: percent({ min: 0.5 }),
          means: "Share of time, over a month, in which requests are answered.",
        }),
        ...readLatency(fields),
        errorRatio: fields.maybe({
          name: "errors",
          as: "errorRatio",
          kind: percent({ min: RATIO_MIN }),
          means: "Share of requests that may fail, over each drill's window.",
        }),
        recoveryTimeMs: readRecovery(fields),
      };
      const way = "Remove it; a drill for it comes in a later version.";
      fields.notYet({ connections: way });
      fields.end();
      return objectives;
    },
  });
}

function readLatency(parent: Fields): Pick<Objectives, "latencyP95Ms" | "latencyP99Ms"> {
  return parent.part({
    name: "latency",
    means: "How long answers may take.",
    expected: '{ p95: "500ms", p99: "1s" }',
    read: (input, site) => {
      const above = { ...site, canonical: "objectives" };
      const fields = openFields(input, above, '{ p95: "500ms" }');
      const kind = duration({ min: 1 });
      const latencyP95Ms = fields.maybe({
        name: "p95",
        as: "latencyP95Ms",
        kind,
        means: "95 of 100 answers come within this.",
      });
      const latencyP99Ms = fields.maybe({
        name: "p99",
        as: "latencyP99Ms",
        kind,
        means: "99 of 100 answers come within this.",
      });
      fields.end();
      return { latencyP95Ms, latencyP99Ms };
    },
  });
}

function readRecovery(parent: Fields): number | undefined {
  return parent.part({
    name: "recovery",
    means: "What may be lost when something breaks.",
    expected: '{ time: "60s" }',
    read: (input, site) => {
      const fields = openFields(input, { ...site, canonical: "objectives" }, '{ time: "60s" }');
      const time = fields.maybe({
        name: "time",
        as: "recoveryTimeMs",
        kind: duration({ min: 1 }),
        means: "From the fault until redundancy is back.",
      });
      fields.notYet({ point: "Remove it; it speaks of stores, which come in a later version." });
      fields.end();
      return time;
    },
  });
}

function readDrillsField(parent: Fields): DrillSettings {
  const expected = "{ warmUp, baseline, window, freeze }";
  return parent.part({
    name: "drills",
    means: "Windows of a drill; the defaults are those of honest measuring.",
    expected,
    read: (input, site) => {
      const fields = openFields(input, site, expected);
      const window = (name: string, fallback: number, means: string): number =>
        fields.leaf({
          name,
          as: `${name}Ms`,
          kind: duration({ min: 100, max: 3_600_000 }),
          default: fallback,
          means,
        });
      const drills: DrillSettings = {
        warmUpMs: window("warmUp", 10_000, "Load before anything counts."),
        baselineMs: window("baseline", 30_000, "Measured before the fault, to compare with."),
        windowMs: window("window", 15_000, "From injection; ratios are taken over exactly this."),
        freezeMs: window("freeze", 10_000, "How long a freeze lasts before it is undone."),
      };
      fields.notYet({ every: "Remove it; run `seaworthy drill --all` from a scheduler." });
      fields.end();
      return drills;
    },
  });
}

function readSecretsField(parent: Fields): System["secrets"] {
  return parent.part({
    name: "secrets",
    means: "Where the values of secrets are asked for.",
    expected: '{ from: ["env"] }',
    read: (input, site) => {
      const fields = openFields(input, site, '{ from: ["env"] }');
      const from = fields.part({
        name: "from",
        means: "Providers in the order in which they are asked; the first answer counts.",
        expected: 'a list of "env", "dotenv:FILE" or { command: [...] }; default ["env"]',
        read: readProviders,
      });
      fields.end();
      return { from };
    },
  });
}

function readProviders(input: unknown, site: Site): readonly SecretProvider[] {
  if (input === undefined) {
    site.log.source(site, "default");
    return [{ kind: "env" }];
  }
  site.log.source(site, "given");
  const expected = 'a list of "env", "dotenv:FILE" or { command: [...] }';
  return readItems(input, site, { expected, countMax: PROVIDERS_MAX, read: readProvider });
}

function readProvider(input: unknown, site: Site): SecretProvider {
  if (input === "env" || site.log.describing) return { kind: "env" };
  const path = typeof input === "string" ? /^dotenv:(.+)$/.exec(input)?.[1] : undefined;
  if (path !== undefined) return { kind: "dotenv", path };
  if (isRecord(input) && Array.isArray(input["command"]) && Object.keys(input).length === 1) {
    const [program = "", ...rest] = readItems(input["command"], site, {
      expected: "a list of texts",
      countMax: ARGUMENTS_MAX,
      read: (item, at) => readLeaf(item, at, text("a text")),
    });
    if (program !== "") return { kind: "command", argv: [program, ...rest] };
  }
  site.log.fault(site, notA(input, '"env", "dotenv:FILE" or { command: ["program", …] }'));
  return { kind: "env" };
}
