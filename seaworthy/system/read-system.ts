import { badName, choice, integer, text, unitName } from "./kinds.ts";
import {
  isRecord,
  notA,
  readEntries,
  readItems,
  readLeaf,
  readObject,
  type Fields,
  type Site,
} from "./reader.ts";
import { readDrillsField } from "./read-drills.ts";
import { readEdgeField } from "./read-edge.ts";
import { readJob } from "./read-job.ts";
import { readLoadField } from "./read-load.ts";
import { readObjectivesField } from "./read-objectives.ts";
import { readCapacityField } from "./read-resources.ts";
import { readService } from "./read-service.ts";
import { readStore } from "./read-store.ts";
import {
  DECLARATION_VERSION,
  type PlatformName,
  type SecretProvider,
  type System,
} from "./system.ts";

const SERVICES_MAX = 50;
const JOBS_MAX = 50;
const STORES_MAX = 20;
const PROVIDERS_MAX = 10;
const ARGUMENTS_MAX = 50;

/** What is planned for a whole system, with the way out until then. */
const SYSTEM_LATER = {
  watch: "Remove it; `status` and `events` say what runs, metrics come in a later version.",
  alerts: "Remove it; `status` exits with the state of the objectives, which a scheduler can ask.",
  overrides: "Remove it; overrides come with the renderers.",
  hosts: "Remove it; for now a system runs on this machine: --on local.",
};

interface Outer {
  readonly environment: string | undefined;
  readonly platform: PlatformName | undefined;
}

/** The whole declaration, environments already merged; every field of the language is read here. */
export function readSystem(input: unknown, site: Site, outer: Outer): System {
  return readObject(input, site, {
    expected: "a system: an object with `name` and `services`",
    read: (fields) => readFields(fields, site, outer),
  });
}

function readFields(fields: Fields, site: Site, outer: Outer): System {
  readVersion(fields);
  site.log.source({ ...site, canonical: "environment" }, "derived");
  fields.notYet(SYSTEM_LATER);
  const name = fields.leaf({
    name: "name",
    kind: unitName,
    means: "Names the system: its state, its instances, its reports.",
  });
  const platform = readPlatform(fields, site, outer.platform);
  const units = readUnitFields(fields);
  const edge = readEdgeField(fields);
  return {
    declarationVersion: DECLARATION_VERSION,
    name,
    environment: outer.environment,
    platform,
    ...units,
    edge,
    objectives: readObjectivesField(fields),
    load: readLoadField(fields, edge?.routes ?? []),
    drills: readDrillsField(fields),
    secrets: readSecretsField(fields),
    capacity: readCapacityField(fields),
  };
}

function readUnitFields(fields: Fields): Pick<System, "services" | "jobs" | "stores"> {
  return {
    services: fields.part({
      name: "services",
      means: "Kinds of processes that answer requests.",
      expected: "services by name",
      required: true,
      read: (entries, at) => readUnits(entries, at, { read: readService, countMax: SERVICES_MAX }),
    }),
    jobs: fields.part({
      name: "jobs",
      means: "Programs that run to their end: before each release, by schedule or by hand.",
      expected: "jobs by name",
      read: (entries, at) => readUnits(entries, at, { read: readJob, countMax: JOBS_MAX }),
    }),
    stores: fields.part({
      name: "stores",
      means: "What keeps data: databases, caches, queues.",
      expected: "stores by name",
      read: (entries, at) => readUnits(entries, at, { read: readStore, countMax: STORES_MAX }),
    }),
  };
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

function readSecretsField(parent: Fields): System["secrets"] {
  return parent.group({
    name: "secrets",
    means: "Where the values of secrets are asked for.",
    expected: '{ from: ["env"] }',
    read: (fields) => ({
      from: fields.list({
        name: "from",
        means: "Providers in the order in which they are asked; the first answer counts.",
        expected: `a list of ${PROVIDERS}`,
        countMax: PROVIDERS_MAX,
        default: { items: [{ kind: "env" }], shown: '["env"]' },
        read: readProvider,
      }),
    }),
  });
}

const PROVIDERS = '"env", "dotenv:FILE", "files:FOLDER" or { command: ["program", …] }';

function readProvider(input: unknown, site: Site): SecretProvider {
  if (input === "env" || site.log.describing) return { kind: "env" };
  const path = typeof input === "string" ? /^dotenv:(.+)$/.exec(input)?.[1] : undefined;
  if (path !== undefined) return { kind: "dotenv", path };
  const folder = typeof input === "string" ? /^files:(.+)$/.exec(input)?.[1] : undefined;
  if (folder !== undefined) return { kind: "files", folder };
  if (isRecord(input) && Array.isArray(input["command"]) && Object.keys(input).length === 1) {
    const [program = "", ...rest] = readItems(input["command"], site, {
      expected: "a list of texts",
      countMax: ARGUMENTS_MAX,
      read: (item, at) => readLeaf(item, at, text("a text")),
    });
    if (program !== "") return { kind: "command", argv: [program, ...rest] };
  }
  site.log.fault(site, notA(input, PROVIDERS));
  return { kind: "env" };
}
