import { accessSync, constants } from "node:fs";
import { arch, cpus, loadavg, platform, release } from "node:os";
import { delimiter, join } from "node:path";

/** Where figures were taken: without it they mean nothing. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly kernel: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: `${processors[0]?.model.trim() ?? "unknown"} (${arch()})`,
    kernel: `${platform()} ${release()}`,
    node: process.versions.node,
  };
}

/** Over one, five and fifteen minutes. */
export function loadAverage(): readonly number[] {
  return loadavg().map((value) => Math.round(value * 100) / 100);
}

/** Which of these programs are not on the path. */
export function notInstalled(
  programs: readonly string[],
  searchPath: string | undefined,
): readonly string[] {
  // Debian keeps servers where only root's path looks.
  const folders = [...(searchPath ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter(Boolean);
  return programs.filter((program) => !folders.some((folder) => isProgram(join(folder, program))));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
