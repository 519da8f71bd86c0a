import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { present } from "@seaworthy/std/assert";
import { timestamp } from "@seaworthy/std/clock";
import type { ServiceUnit } from "../../../plan/graph.ts";
import type { EnvironmentValue } from "../../../system/system.ts";
import { TargetError } from "../../target.ts";
import { LOOPBACK } from "../../../renderers/edge-parts.ts";
import { openLogs } from "../log-files.ts";
import { outside } from "../outside.ts";
import { loadRelease, type LoadedRelease } from "../release.ts";
import { openSecretVersions } from "../secret-versions.ts";
import { allowedEnvironment, spawnDetached, type Spawned } from "../spawn-detached.ts";
import type { StateFolder } from "../state-folder.ts";
import { isFree } from "./ports.ts";
import { secretsFile } from "./paths.ts";
import type { InstanceRecord, SupervisorState } from "./state.ts";
import { marks, type World } from "./world.ts";

/**
 * Starts the process of a recorded instance from its release's snapshot. The intent stands in the
 * state before it and the identity after it, so that a supervisor that dies between the two is
 * followed by one that finds the process by its mark.
 */
export async function spawnInstance(world: World, id: string): Promise<Spawned> {
  const { ledger, folder, clock } = world;
  const record = present(ledger.state.instances[id], `the record of ${id}`);
  const loaded = await loadRelease(folder.releases, record.release);
  const unit = ledger.state.units[record.unit];
  const port = await freePort(world, record);
  const { volumes = {}, volumeSizes = {} } = unit?.kind === "service" ? unit : {};
  const root = await layOutRoot(world, record, { files: loaded.files, volumes, volumeSizes });
  const intent: Partial<InstanceRecord> = {
    phase: "starting",
    identity: undefined,
    port,
    since: timestamp(clock),
    spawnedWallMs: clock.wall(),
  };
  await ledger.intend((state) => changed(state, id, intent));
  const environment = {
    ...allowedEnvironment(world.environment),
    ...(await resolveEnvironment({ folder, state: ledger.state }, loaded)),
    ...marks(world, id),
    HOST: LOOPBACK,
    PORT: String(port),
    SEAWORTHY_SYSTEM: ledger.state.graph?.system ?? "",
    SEAWORTHY_ROOT: root,
  };
  const spawned = await spawnLoaded(world, loaded, { instance: id, environment });
  // It runs: that must be known even where it cannot be written now.
  await ledger.record((state) => changed(state, id, { identity: spawned.identity }));
  return spawned;
}

/** Starts a release's program in its snapshot, output to the instance's log files. */
export async function spawnLoaded(
  world: World,
  loaded: LoadedRelease,
  options: {
    readonly instance: string;
    readonly environment: Readonly<Record<string, string>>;
  },
): Promise<Spawned> {
  const logs = openLogs(world.folder.logs, options.instance);
  try {
    return await spawnDetached({
      command: [loaded.program, ...loaded.argv.slice(1)],
      cwd: loaded.appFolder,
      environment: options.environment,
      stdout: logs.stdout,
      stderr: logs.stderr,
    });
  } finally {
    logs.close();
  }
}

/** Addresses and secrets become text here and nowhere else; it goes only into the process. */
export async function resolveEnvironment(
  { folder, state }: { readonly folder: StateFolder; readonly state: SupervisorState },
  loaded: LoadedRelease,
): Promise<Record<string, string>> {
  const secrets = openSecretVersions(secretsFile(folder));
  const textOf = async (value: EnvironmentValue): Promise<string> => {
    switch (value.kind) {
      case "text":
        return value.text;
      case "secret": {
        const version = loaded.release.secretVersions[value.secret];
        return await secrets.valueOf(value.secret, present(version, "a secret's version"));
      }
      case "url":
        return innerUrl(state, value.service);
      case "parts": {
        const parts: string[] = [];
        for (const part of value.parts) parts.push(await textOf(part));
        return parts.join("");
      }
    }
  };
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(loaded.env)) resolved[name] = await textOf(value);
  return resolved;
}

/** The stable inner address of a service. */
function innerUrl(state: SupervisorState, service: string): string {
  const port = state.ports.inner[service];
  if (port === undefined) {
    throw new TargetError("failed", `${service} has no address here: it is not defined`);
  }
  return `http://${LOOPBACK}:${port}`;
}

/** The recorded port while nobody took it; its old listener is gone when we come here. */
async function freePort(world: World, record: InstanceRecord): Promise<number> {
  if (record.port !== 0 && (await isFree(LOOPBACK, record.port))) return record.port;
  return await world.ports.choose(takenPorts(world.ledger.state));
}

/** Every port the state gave away. */
export function takenPorts(state: SupervisorState): ReadonlySet<number> {
  return new Set([
    ...Object.values(state.instances).map((instance) => instance.port),
    ...Object.values(state.ports.inner),
    ...state.ports.public,
  ]);
}

/** Declared files, read-only, and volumes, as the instance finds them under SEAWORTHY_ROOT. */
async function layOutRoot(
  world: World,
  record: InstanceRecord,
  content: Required<Pick<ServiceUnit, "files" | "volumes" | "volumeSizes">>,
): Promise<string> {
  const root = rootOf(world.folder, record.id);
  try {
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true, mode: 0o700 });
    for (const [path, text] of Object.entries(content.files)) {
      const file = under(root, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(file, text, { mode: 0o400 });
      await chmod(file, 0o400);
    }
    for (const [path, name] of Object.entries(content.volumes)) {
      const volume = under(join(world.folder.volumes, record.unit), name);
      await world.volumes.ensure({ folder: volume, sizeBytes: content.volumeSizes[name] });
      const link = under(root, path);
      await mkdir(dirname(link), { recursive: true, mode: 0o700 });
      await symlink(volume, link);
    }
  } catch (error) {
    throw outside(error, `could not lay out the files of ${record.id}`);
  }
  return root;
}

/** Where an instance finds its declared files and volumes: SEAWORTHY_ROOT. */
export function rootOf(folder: StateFolder, instance: string): string {
  return join(folder.run, instance, "root");
}

/** `..` cannot lead out: normalising an absolute path swallows it. */
function under(root: string, path: string): string {
  return join(root, normalize(`/${path}`));
}

function changed(
  state: SupervisorState,
  id: string,
  change: Partial<InstanceRecord>,
): SupervisorState {
  const record = { ...present(state.instances[id], `the record of ${id}`), ...change };
  return { ...state, instances: { ...state.instances, [id]: record } };
}
