import { chmod, mkdir, realpath, rm, statfs } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { formatBytes } from "@seaworthy/std/bytes";
import { timestamp, type Clock } from "@seaworthy/std/clock";
import { freshId } from "@seaworthy/std/random";
import type { JobUnit, ServiceUnit } from "../../plan/graph.ts";
import type { Release, ReleaseId } from "../../record/release.ts";
import type { EnvironmentValue, Run, SecretName } from "../../system/system.ts";
import { TargetError } from "../target.ts";
import { writeDurably } from "./durable-file.ts";
import { outside } from "./outside.ts";
import { copySnapshot, hashSnapshot } from "./snapshot-content.ts";
import { hashEnvironment, releaseId, secretsOf } from "./snapshot-identity.ts";
import { encodeManifest, MANIFEST_FILE, type ReleaseManifest } from "./snapshot-manifest.ts";
import { NODE_PROGRAM, resolveProgram, type ProgramContext } from "./snapshot-program.ts";
import { isWhole, publish, readManifestOf, TEMPORARY, TREE } from "./snapshot-store.ts";
import { takeSnapshot, type Snapshot } from "./snapshot.ts";

export { gcReleases } from "./snapshot-store.ts";

export interface ReleaseContext extends ProgramContext {
  /** What `build` is relative to: the folder of the declaration. Absolute. */
  readonly systemFolder: string;
  readonly releasesFolder: string;
  /** The version a secret has now. Never its value. */
  readonly secretVersion: (name: SecretName) => number | Promise<number>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A release as it lies on disk, ready to be started. Paths are absolute. */
export interface LoadedRelease {
  readonly release: Release;
  readonly kind: "service" | "job";
  /** What to spawn; it stands for `argv[0]`, the name that was declared. */
  readonly program: string;
  /** As declared, the program's name first: its arguments are `argv.slice(1)`. */
  readonly argv: readonly string[];
  /** The working folder. */
  readonly appFolder: string;
  readonly env: Readonly<Record<string, EnvironmentValue>>;
  /** Declared files: path inside the instance → content. */
  readonly files: Readonly<Record<string, string>>;
}

/** Declared files are configuration; they travel in one line of the manifest. */
const DECLARED_FILES_BYTES_MAX = 1_048_576;
const MANIFEST_MODE = 0o444;

/** Reads what a release of this unit would be made of now. Writes nothing. */
export async function describeRelease(
  unit: ServiceUnit | JobUnit,
  context: ReleaseContext,
): Promise<Release> {
  const snapshot = await snapshotOf(unit, context);
  const filesHash = await hashSnapshot(snapshot, context.signal);
  return (await manifestOf(unit, { snapshot, filesHash, context })).release;
}

/**
 * Makes a release's content available under its id; nothing to do when it is there. Fails with
 * `release-changed` when the source is no longer what `describeRelease` saw.
 */
export async function putRelease(
  release: Release,
  unit: ServiceUnit | JobUnit,
  context: ReleaseContext,
): Promise<void> {
  const final = join(context.releasesFolder, release.id);
  if (await isWhole(final)) return await refreshProgram(final, context);
  const temporary = join(context.releasesFolder, `${TEMPORARY}${release.id}-${freshId(4)}`);
  try {
    const manifest = await copyInto(temporary, unit, context);
    if (manifest.release.id !== release.id) throw changed(release, unit);
    await writeManifest(temporary, manifest);
    await publish(temporary, { as: final, clock: context.clock, signal: context.signal });
  } catch (error) {
    if (context.signal.aborted) throw error;
    throw outside(error, `could not make release ${release.id} of ${unit.name}`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Fails with `no-such-release`, or `damaged`. */
export async function loadRelease(releasesFolder: string, id: ReleaseId): Promise<LoadedRelease> {
  const folder = join(releasesFolder, id);
  const manifest = await readManifestOf(folder);
  if (manifest === undefined) {
    throw new TargetError("no-such-release", `release ${id} is not on this machine`, {
      fix: "seaworthy up",
    });
  }
  const { release, kind, argv, env, files, program } = manifest;
  const appFolder = join(folder, manifest.appFolder);
  return {
    release,
    kind,
    argv,
    env,
    files,
    appFolder,
    program: isAbsolute(program) ? program : join(appFolder, program),
  };
}

async function snapshotOf(unit: ServiceUnit | JobUnit, context: ReleaseContext): Promise<Snapshot> {
  const run = folderRun(unit);
  const state = dirname(context.releasesFolder);
  return await takeSnapshot({
    systemFolder: context.systemFolder,
    build: run.build,
    runsNode: run.command[0] === NODE_PROGRAM,
    exclude: await realpath(state).catch(() => state),
    signal: context.signal,
  });
}

function folderRun(unit: ServiceUnit | JobUnit): Extract<Run, { kind: "folder" }> {
  if (unit.run.kind === "folder") return unit.run;
  throw new TargetError("unsupported", `${unit.name} is an image, which local cannot run`, {
    fix: `declare run: { build, command } for ${unit.name}, or use --on docker`,
  });
}

async function copyInto(
  temporary: string,
  unit: ServiceUnit | JobUnit,
  context: ReleaseContext,
): Promise<ReleaseManifest> {
  const into = join(temporary, TREE);
  await mkdir(into, { recursive: true });
  const snapshot = await snapshotOf(unit, context);
  await refuseWithoutRoom(snapshot, into);
  const filesHash = await copySnapshot(snapshot, { into, signal: context.signal });
  return await manifestOf(unit, { snapshot, filesHash, context });
}

/** Before the first byte is written: a disk that is filled half-way harms whoever shares it. */
async function refuseWithoutRoom(snapshot: Snapshot, into: string): Promise<void> {
  const sizes = snapshot.entries.map((entry) => (entry.kind === "file" ? entry.bytes : 0));
  const needed = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const { bavail, bsize } = await statfs(into);
  const free = bavail * bsize;
  if (needed <= free) return;
  const room = `${formatBytes(needed)} are needed, ${formatBytes(free)} are free`;
  throw new TargetError("no-space", `the disk is full where releases lie: ${room}`, {
    fix: "free space there and run the command again: nothing that was recorded is lost",
  });
}

async function manifestOf(
  unit: ServiceUnit | JobUnit,
  seen: {
    readonly snapshot: Snapshot;
    readonly filesHash: string;
    readonly context: ReleaseContext;
  },
): Promise<ReleaseManifest> {
  const { snapshot, filesHash, context } = seen;
  const { build, command } = folderRun(unit);
  const program = await resolveProgram(command[0], snapshot, context);
  const secretVersions = await versionsOf(unit, context);
  const environmentHash = hashEnvironment(unit.env);
  const appFolder = join(TREE, snapshot.app);
  const files = declaredFiles(unit);
  const id = releaseId({
    unit: unit.name,
    kind: unit.kind,
    argv: command,
    programIdentity: program.identity,
    appFolder,
    filesHash,
    environmentHash,
    secretVersions,
    declaredFiles: files,
  });
  const copied = snapshot.entries.filter((entry) => entry.kind === "file");
  const release: Release = {
    id,
    unit: unit.name,
    createdAt: timestamp(context.clock),
    program,
    argv: command,
    filesHash,
    fileCount: copied.length,
    environmentHash,
    secretVersions,
    from: build,
  };
  const bytes = copied.reduce((sum, file) => sum + file.bytes, 0);
  const { env, kind } = unit;
  return { release, kind, program: program.path, argv: command, appFolder, env, files, bytes };
}

async function versionsOf(
  unit: ServiceUnit | JobUnit,
  context: ReleaseContext,
): Promise<Readonly<Record<SecretName, number>>> {
  const versions: Record<SecretName, number> = {};
  for (const name of secretsOf(unit.env)) versions[name] = await context.secretVersion(name);
  return versions;
}

function declaredFiles(unit: ServiceUnit | JobUnit): Readonly<Record<string, string>> {
  if (unit.kind === "job") return {};
  const bytes = Object.values(unit.files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= DECLARED_FILES_BYTES_MAX) return unit.files;
  throw new TargetError("failed", `the files declared for ${unit.name} are ${bytes} bytes`, {
    fix: `keep them below ${DECLARED_FILES_BYTES_MAX} bytes: large files belong into \`build\``,
  });
}

async function writeManifest(folder: string, manifest: ReleaseManifest): Promise<void> {
  const path = join(folder, MANIFEST_FILE);
  await writeDurably(path, encodeManifest(manifest));
  await chmod(path, MANIFEST_MODE);
}

/** The same Node may have moved since (another checkout, a new install); the content has not. */
async function refreshProgram(folder: string, context: ReleaseContext): Promise<void> {
  const manifest = await readManifestOf(folder);
  if (manifest === undefined || manifest.argv[0] !== NODE_PROGRAM) return;
  const { path } = context.node;
  if (manifest.program === path) return;
  const program = { ...manifest.release.program, path };
  await writeManifest(folder, {
    ...manifest,
    program: path,
    release: { ...manifest.release, program },
  });
}

function changed(release: Release, unit: ServiceUnit | JobUnit): TargetError {
  return new TargetError("release-changed", `${release.from} changed while it was read`, {
    detail: [`release ${release.id} of ${unit.name} is no longer what the folder holds`],
    fix: "run the command again: it will use what the folder holds now",
  });
}
