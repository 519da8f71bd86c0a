import { refuse } from "@seaworthy/std/result";
import { badName, choice, duration, integer, text, unknownStore, urlPath } from "./kinds.ts";
import {
  child,
  isRecord,
  readEntries,
  readLeaf,
  readObject,
  type Fields,
  type Leaf,
  type Site,
} from "./reader.ts";
import { readResourcesField } from "./read-resources.ts";
import { readRolloutField, readRestartField } from "./read-rollout.ts";
import { readRunField } from "./read-run.ts";
import { ENVIRONMENT, readFiles } from "./read-value.ts";
import { readVolumes } from "./read-volumes.ts";
import type { HttpCheck, Service } from "./system.ts";

const REPLICAS = integer({ min: 1, max: 100 });
/** More drills than there are. */
const DRILLS_MAX = 100;
/** More stores than a system has. */
const POOLS_MAX = 50;
const POOL = integer({ min: 1, max: 100_000 });

/** Defaults of a check; intervals as measured in resilience.md §3 and deploy-peers.md §2.8. */
const READY = { path: "/ready", everyMs: 200, timeoutMs: 300, rise: 2, fall: 2 };
const HEALTH = { path: "/health", everyMs: 2_000, timeoutMs: 1_000, rise: 1, fall: 3 };

const SERVICE_LATER = {
  metrics: "Remove it; metrics of services are scraped in a later version.",
  overrides: "Remove it; overrides come with the renderers.",
  spread: "Remove it; every instance runs on this machine for now.",
};

export function readService(input: unknown, site: Site, name: string): Service {
  site.log.source(child(site, "name"), "derived");
  return readObject(input, site, {
    expected: "a service",
    read: (fields) => {
      const ready = readCheckField(fields, "ready", READY);
      const service: Service = {
        name,
        run: readRunField(fields),
        ...readSize(fields),
        health: readCheckField(fields, "health", HEALTH),
        ready,
        ...readPatience(fields),
        env: fields.part(ENVIRONMENT),
        ...readMounts(fields),
        probe: readProbeField(fields, ready.path),
        rollout: readRolloutField(fields),
        restart: readRestartField(fields),
        drillsExcluded: readExclusions(fields),
        resources: readResourcesField(fields),
        pools: readPools(fields),
      };
      fields.notYet(SERVICE_LATER);
      return service;
    },
  });
}

function readSize(fields: Fields): Pick<Service, "port" | "replicas"> {
  return {
    port: fields.leaf({
      name: "port",
      kind: integer({ min: 1, max: 65_535 }),
      default: 8080,
      means: "The port inside a container; on local an instance reads the free one in PORT.",
    }),
    replicas: fields.leaf({
      name: "replicas",
      kind: replicas,
      default: 1,
      means: "How many instances run.",
    }),
  };
}

function readMounts(fields: Fields): Pick<Service, "files" | "volumes" | "volumeSizes"> {
  return {
    files: fields.part({
      name: "files",
      means: "Files each instance finds, read-only: absolute path → text, or data as JSON.",
      expected: "files by absolute path",
      read: readFiles,
    }),
    ...fields.part({
      name: "volumes",
      means: "Folders that outlive instances: absolute path → volume name, or { name, size }.",
      expected: "volume names by absolute path",
      read: readVolumes,
    }),
  };
}

function readPools(fields: Fields): Service["pools"] {
  return fields.part({
    name: "pools",
    means: "Connections each instance keeps to a store at most: the size of its pool.",
    expected: "{ store: 20 }",
    read: (input, site) =>
      readEntries(input, site, {
        expected: "sizes by store",
        countMax: POOLS_MAX,
        key: (name) => (site.log.stores.has(name) ? undefined : unknownStore(name, site.log)),
        read: (count, at) => (at.log.describing ? 1 : readLeaf(count, at, POOL)),
      }),
  });
}

const replicas: Leaf<number> = {
  ...REPLICAS,
  parse: (input, log) => {
    if (!isRecord(input)) return REPLICAS.parse(input, log);
    const min = typeof input["min"] === "number" ? input["min"] : 2;
    return refuse({
      rule: "not-yet",
      message: "`replicas: { min, max }` is not supported yet",
      fix: `Write a number: replicas: ${min}.`,
    });
  },
};

const CHECK = "a path, or { path, every, timeout, rise, fall }";

function readCheckField(parent: Fields, name: "health" | "ready", defaults: HttpCheck): HttpCheck {
  const means =
    name === "ready"
      ? "Decides about routing only: unready gets no new requests."
      : "Decides about life: failing `fall` times, the instance is restarted.";
  return parent.part({
    name,
    means,
    expected: CHECK,
    read: (input, site) => readCheck(input, site, defaults),
  });
}

function readCheck(input: unknown, site: Site, defaults: HttpCheck): HttpCheck {
  const shaped = typeof input === "string" ? { path: input } : input;
  const times = integer({ min: 1, max: 100 });
  return readObject(shaped, site, {
    expected: CHECK,
    read: (fields) => ({
      path: fields.leaf({
        name: "path",
        kind: urlPath,
        default: defaults.path,
        means: "GET on this path answers 2xx when it passes.",
      }),
      everyMs: fields.leaf({
        name: "every",
        as: "everyMs",
        kind: duration({ min: 10 }),
        default: defaults.everyMs,
        means: "From one probe to the next.",
      }),
      timeoutMs: fields.leaf({
        name: "timeout",
        as: "timeoutMs",
        kind: duration({ min: 1 }),
        default: defaults.timeoutMs,
        means: "A probe without an answer after this has failed.",
      }),
      rise: fields.leaf({
        name: "rise",
        kind: times,
        default: defaults.rise,
        means: "Passes in a row that make it good.",
      }),
      fall: fields.leaf({
        name: "fall",
        kind: times,
        default: defaults.fall,
        means: "Failures in a row that make it bad.",
      }),
    }),
  });
}

function readPatience(fields: Fields): Pick<Service, "drainMs" | "stopMs" | "bootMs"> {
  return {
    drainMs: fields.leaf({
      name: "drain",
      as: "drainMs",
      kind: duration(),
      default: 10_000,
      means: "How long requests and streams may go on after an instance left the routes.",
    }),
    stopMs: fields.leaf({
      name: "stop",
      as: "stopMs",
      kind: duration({ min: 100 }),
      default: 15_000,
      means: "From SIGTERM to SIGKILL.",
    }),
    bootMs: fields.leaf({
      name: "boot",
      as: "bootMs",
      kind: duration({ min: 100 }),
      default: 60_000,
      means: "From start to ready; longer and the instance has failed.",
    }),
  };
}

function readProbeField(parent: Fields, readyPath: string): Service["probe"] {
  return parent.group({
    name: "probe",
    means: "What a roll's own probe and real-request gate send; never an unsafe request.",
    expected: '{ method: "GET", path: "/…" }',
    read: (fields) => ({
      method: fields.leaf({
        name: "method",
        kind: choice(["GET", "HEAD"]),
        default: "GET",
        means: "GET or HEAD: a probe of a live system changes nothing.",
      }),
      path: fields.leaf({
        name: "path",
        kind: urlPath,
        default: readyPath,
        means: "What it asks for; by default the path of `ready`.",
      }),
    }),
  });
}

function readExclusions(parent: Fields): Service["drillsExcluded"] {
  return parent.group({
    name: "drills",
    as: "drillsExcluded",
    means: "Drills that must not run on this service.",
    expected: '{ exclude: { drill: "why" } }',
    read: (fields, { canonical }) =>
      fields.part({
        name: "exclude",
        means: "Drill → why not.",
        expected: '{ drill: "why" }',
        read: (entries, at) => readReasons(entries, { ...at, canonical }),
      }),
  });
}

function readReasons(input: unknown, site: Site): Service["drillsExcluded"] {
  return readEntries(input, site, {
    expected: "reasons by drill",
    countMax: DRILLS_MAX,
    key: badName,
    read: (why, at) => (at.log.describing ? "" : readLeaf(why, at, text("the reason, as text"))),
  });
}
