import { TargetError, type TargetErrorCode } from "../target.ts";

/** What the operating system said, in the target's own words. */
export function outside(error: unknown, what: string): TargetError {
  if (error instanceof TargetError) return error;
  const code = systemCode(error);
  const said = error instanceof Error ? error.message : String(error);
  const meaning = code === undefined ? undefined : MEANINGS[code];
  if (meaning === undefined) return new TargetError("failed", `${what}: ${said}`, { cause: error });
  return new TargetError(meaning.code, `${what}: ${meaning.words}`, {
    cause: error,
    detail: [said],
    fix: meaning.fix,
  });
}

interface Meaning {
  readonly code: TargetErrorCode;
  readonly words: string;
  readonly fix: string;
}

const NO_PERMISSION = {
  code: "no-permission",
  words: "not allowed to",
  fix: "give the folder to the user who runs this, or set XDG_STATE_HOME to one that is theirs",
} as const;
const NO_SPACE = {
  code: "no-space",
  words: "the disk is full",
  fix: "free space there and run the command again: nothing that was recorded is lost",
} as const;
const MEANINGS: Readonly<Record<string, Meaning>> = {
  EACCES: NO_PERMISSION,
  EPERM: NO_PERMISSION,
  EROFS: { ...NO_PERMISSION, words: "the disk is read-only" },
  ENOSPC: NO_SPACE,
  EDQUOT: { ...NO_SPACE, words: "the user's quota is used up" },
};

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
