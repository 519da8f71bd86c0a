import { existsSync } from "node:fs";
import { platform, userInfo } from "node:os";
import type { Fault } from "../../../record/fault.ts";
import { groupFor } from "./memory-group.ts";
import { findProgram, type ProgramName } from "./system-program.ts";

/** What can be broken on this machine, and what is missing for the rest. */
export interface PossibleFaults {
  readonly faults: ReadonlySet<Fault["kind"]>;
  readonly faultGaps: Readonly<Partial<Record<Fault["kind"], string>>>;
}

/** Faults of processes need the same user, which it is; these need more. */
const ALWAYS = [
  ...(["kill", "freeze", "slow"] as const),
  ...(["kill-edge", "reload-edge", "upgrade-edge"] as const),
];

/** Looks, and tries nothing: what is refused all the same makes a drill could-not-verify. */
export function possibleFaults(): PossibleFaults {
  const gaps: PossibleFaults["faultGaps"] = {
    ...gapOf("drop", rootWith("nft")),
    ...gapOf("fill-volume", volumeGap()),
    ...gapOf("fill-logs", rootWith("chattr")),
    ...gapOf("exhaust-memory", memoryGap()),
  };
  const more = ["drop", "fill-volume", "fill-logs", "exhaust-memory"] as const;
  const faults = new Set<Fault["kind"]>(ALWAYS);
  for (const kind of more) if (gaps[kind] === undefined) faults.add(kind);
  return { faults, faultGaps: gaps };
}

/** Whether a volume of a declared size can be a file system of its own here. */
export function volumeGap(): string | undefined {
  const gap = rootWith("mkfs.ext4", "mount", "umount");
  if (gap !== undefined) return gap;
  return existsSync("/dev/loop-control") ? undefined : "needs loop devices: no /dev/loop-control";
}

function rootWith(...programs: readonly ProgramName[]): string | undefined {
  if (platform() !== "linux") return "needs Linux";
  if (userInfo().uid !== 0) return "needs root";
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))].join(", ");
  return `needs ${missing.join(", ")} (Debian: ${packages})`;
}

const PACKAGES: Readonly<Record<ProgramName, string>> = {
  nft: "nftables",
  "mkfs.ext4": "e2fsprogs",
  chattr: "e2fsprogs",
  mount: "mount",
  umount: "mount",
  fallocate: "util-linux",
};

function memoryGap(): string | undefined {
  if (platform() !== "linux") return "needs Linux";
  const group = groupFor("self", "look");
  return group.ok ? undefined : `needs a control group that it may write: ${group.error}`;
}

function gapOf(kind: Fault["kind"], gap: string | undefined): PossibleFaults["faultGaps"] {
  return gap === undefined ? {} : { [kind]: gap };
}
