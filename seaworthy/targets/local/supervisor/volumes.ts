import { existsSync } from "node:fs";
import { chmod, mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "@seaworthy/std/clock";
import { TargetError } from "../../target.ts";
import { volumeGap } from "../faults/possible.ts";
import { runProgram } from "../faults/system-program.ts";

/** A file of what just ended may be open for a moment. */
const UNMOUNT_TRIES = 20;
const UNMOUNT_EVERY_MS = 100;

/** One volume of a unit, as a folder that its instances share. */
export interface VolumePlace {
  readonly folder: string;
  /** Declared: then it is a file system of its own, where this machine lets us make one. */
  readonly sizeBytes: number | undefined;
}

/**
 * Volumes are folders in the state folder. One with a size is an ext4 image beside its folder,
 * mounted on it: it fills up alone. Mounts are the kernel's, so they outlive the supervisor; after
 * a reboot the next start of an instance mounts again.
 */
export class Volumes {
  readonly #clock: Clock;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Its folder is there, and mounted if it is to be; asking twice is asking once. */
  async ensure(place: VolumePlace): Promise<void> {
    const mine = this.#turn.then(() => ensureVolume(place));
    this.#turn = mine.catch(() => {});
    await mine;
  }

  /** No volume of this unit is mounted any more; what is on it stays in its image. */
  async unmount(unitFolder: string): Promise<void> {
    for (const name of await namesIn(unitFolder)) {
      const folder = join(unitFolder, name);
      for (let tries = 1; await isMountPoint(folder); tries += 1) {
        const done = await runProgram("umount", [folder]);
        if (done.ok) continue;
        if (tries === UNMOUNT_TRIES) throw new TargetError("failed", done.error);
        await this.#clock.sleep(UNMOUNT_EVERY_MS);
      }
    }
  }

  /** Nor any of another unit, defined or forgotten. */
  async unmountAll(volumesFolder: string): Promise<void> {
    for (const unit of await namesIn(volumesFolder)) {
      await this.unmount(join(volumesFolder, unit));
    }
  }
}

async function ensureVolume({ folder, sizeBytes }: VolumePlace): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (sizeBytes === undefined || (await isMountPoint(folder))) return;
  const image = imageOf(folder);
  if (!existsSync(image)) {
    // Data that was put here before it had a size is not hidden under a mount.
    if (volumeGap() !== undefined || (await readdir(folder)).length > 0) return;
    await makeImage(image, sizeBytes);
  }
  await must(runProgram("mount", ["-o", "loop,nodev,nosuid", image, folder]));
  await chmod(folder, 0o700);
  // Programs that ask for an empty folder are given one; fsck(8) makes it anew if it needs it.
  await rmdir(join(folder, "lost+found")).catch(() => {});
}

/** Sparse: it takes of the disk what was ever written to it. Whole when it bears its name. */
async function makeImage(image: string, sizeBytes: number): Promise<void> {
  const draft = `${image}.new`;
  await rm(draft, { force: true });
  const file = await open(draft, "wx", 0o600);
  try {
    await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
  // -m 0: nothing is held back for root, so that full is full for everybody.
  await must(runProgram("mkfs.ext4", ["-q", "-F", "-m", "0", draft]));
  await rename(draft, image);
}

async function must(done: ReturnType<typeof runProgram>): Promise<void> {
  const result = await done;
  if (!result.ok) throw new TargetError("failed", `a volume: ${result.error}`);
}

async function isMountPoint(folder: string): Promise<boolean> {
  const seen = await Promise.all([stat(folder), stat(dirname(folder))]).catch(() => undefined);
  return seen !== undefined && seen[0].dev !== seen[1].dev;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function imageOf(folder: string): string {
  return `${folder}.ext4`;
}
