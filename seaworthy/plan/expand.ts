import { ok, refuse, type Result } from "@seaworthy/std/result";
import type { Finding } from "../system/finding.ts";
import type { Job, Parsed, Route, Run, Service, ServiceName, System } from "../system/system.ts";
import { whyOf } from "../system/why.ts";
import { needsOf, type Stores, withAddresses } from "./addresses.ts";
import { EDGE_UNIT_NAME, type Graph, type JobUnit, type ServiceUnit, type Unit } from "./graph.ts";

/** Calls between services: longer than a public route, since a caller gives up by itself. */
const INNER_ROUTE = { timeoutMs: 30_000, tryTimeoutMs: 5_000, idleMs: 60_000 };

/**
 * Canonical form → graph of one platform. Refuses what the platform cannot express, with the way
 * out; nothing is dropped silently.
 */
export function expand(parsed: Parsed): Result<Graph, readonly Finding[]> {
  const { system } = parsed;
  const findings = [...platformGaps(system), ...clashes(system)];
  if (findings.length > 0) return refuse(findings);
  const edgeUnit: readonly Unit[] =
    system.edge === undefined ? [] : [{ kind: "edge", name: EDGE_UNIT_NAME }];
  return ok({
    system: system.name,
    environment: system.environment,
    platform: system.platform,
    declarationHash: parsed.hash,
    units: [
      ...Object.values(system.jobs).map((job) => jobUnit(job, system.stores)),
      ...Object.values(system.services).map((service) => serviceUnit(service, system.stores)),
      ...edgeUnit,
    ],
    edge: system.edge,
    innerRoutes: Object.keys(system.services).map((service) => ({
      service,
      route: innerRoute(service),
    })),
  });
}

function serviceUnit(service: Service, stores: Stores): ServiceUnit {
  // Drills and checks read these where they are declared; nothing runs by them.
  const { drillsExcluded: _d, resources, pools: _p, ...runs } = service;
  const env = withAddresses(service.env, stores);
  const { memoryBytes } = resources;
  const memory = memoryBytes === undefined ? {} : { memoryBytes };
  return { kind: "service", ...runs, env, needs: needsOf(service.env), ...memory };
}

function jobUnit(job: Job, stores: Stores): JobUnit {
  const { resources: _resources, ...runs } = job;
  const env = withAddresses(job.env, stores);
  return { kind: "job", ...runs, env, needs: needsOf(job.env) };
}

/** Retried like public calls of safe methods; nothing is declared idempotent for the inside. */
function innerRoute(to: ServiceName): Route {
  return {
    prefix: "/",
    to,
    idempotent: false,
    ...INNER_ROUTE,
    balance: "least-connections",
    hashBy: undefined,
  };
}

function platformGaps(system: System): readonly Finding[] {
  if (system.platform !== "local") {
    const message = `\`${system.platform}\` is not supported yet`;
    return [gap("on", message, "Run it on this machine: --on local.")];
  }
  return unitsOf(system).flatMap(({ path, run }) => imageGap(path, run));
}

function imageGap(path: string, run: Run): readonly Finding[] {
  if (run.kind !== "image") return [];
  const message = `an image (${run.image}) needs a container engine, and local has none`;
  const fix = 'Give the folder instead: run: { build: "./app", command: ["node", "main.ts"] }.';
  return [gap(`${path}.run.image`, message, fix)];
}

function gap(path: string, message: string, fix: string): Finding {
  const rule = "not-yet";
  return { rule, severity: "error", message, places: [{ path }], why: whyOf(rule), fix };
}

/** Instances are called `<unit>-<number>`, so units share one room for names; stores are units. */
function clashes(system: System): readonly Finding[] {
  const taken = new Map(system.edge === undefined ? [] : [[EDGE_UNIT_NAME, "edge"]]);
  const stores = Object.keys(system.stores).map((name) => ({ name, path: `stores.${name}` }));
  return [...unitsOf(system), ...stores].flatMap(({ name, path }) => {
    const other = taken.get(name);
    taken.set(name, path);
    if (other === undefined) return [];
    const rule = "name-clash";
    const message = `two units are called \`${name}\``;
    const places = [{ path }, { path: other }];
    const fix = `Call one of them something else, for example \`${name}-service\`.`;
    return [{ rule, severity: "error", message, places, why: whyOf(rule), fix } as const];
  });
}

function unitsOf(
  system: System,
): readonly { readonly name: string; readonly path: string; readonly run: Run }[] {
  const services = Object.values(system.services).map(({ name, run }) => ({
    name,
    run,
    path: `services.${name}`,
  }));
  const jobs = Object.values(system.jobs).map(({ name, run }) => ({
    name,
    run,
    path: `jobs.${name}`,
  }));
  return [...services, ...jobs];
}
