import { once } from "../once.ts";
import stepsFile from "./jenkins-steps.json" with { type: "json" };

/** Why a step's name will not work, and what does its work. */
export interface UnusableStep {
  readonly step: string;
  readonly because: string;
  readonly instead: string;
  readonly sources: readonly string[];
}

const known = once(() => new Set(stepsFile.steps));

/** A step whose plugin is withdrawn, or that only another system has. */
export function unusableStep(name: string): UnusableStep | undefined {
  return stepsFile.unusable.find(({ step }) => step === name);
}

/**
 * The step that a name is a slip of: one letter more, less or other, or another case. Undefined for
 * a step that is known, and for a name that is like none: it may come from any plugin or library.
 */
export function misspeltStep(name: string): string | undefined {
  if (name.length < 5 || name.length > 40 || known().has(name)) return undefined;
  return stepsFile.steps.find((step) => step.length >= 5 && isSlip(name, step));
}

export function jenkinsStepSources(): readonly (readonly string[])[] {
  return [stepsFile.sources, ...stepsFile.unusable.map(({ sources }) => sources)];
}

function isSlip(name: string, step: string): boolean {
  const [left, right] = [name.toLowerCase(), step.toLowerCase()];
  if (left === right) return true;
  if (Math.abs(left.length - right.length) > 1) return false;
  let same = 0;
  while (same < left.length && left[same] === right[same]) same += 1;
  const rests = [
    [left.slice(same + 1), right.slice(same)],
    [left.slice(same), right.slice(same + 1)],
    [left.slice(same + 1), right.slice(same + 1)],
  ];
  return rests.some(([one, other]) => one === other);
}
