import { ok, refuse } from "@seaworthy/std/result";
import { duration, guardedText, integer } from "./kinds.ts";
import { notA, type Fields, type Leaf } from "./reader.ts";
import type { Backup, LogShipping, LoggedBackup } from "./store.ts";

const KEPT_MAX = 1_000;
/** More often than once a minute a full backup is a load of its own. */
const FULL_MIN_MS = 60_000;

const MEANS = "Copies elsewhere, and how often one of them is restored; undefined: there are none.";

export function backupField(parent: Fields): Backup | undefined {
  return parent.maybeGroup({
    name: "backup",
    means: MEANS,
    expected: '{ full: "24h", keep, to: "s3://…", verify }',
    read: readBackup,
  });
}

/** The same for a store whose log of changes can be kept as well. */
export function loggedBackupField(parent: Fields): LoggedBackup | undefined {
  return parent.maybeGroup({
    name: "backup",
    means: MEANS,
    expected: '{ full: "24h", log: "continuous", keep, to: "s3://…", verify }',
    read: (fields) => ({
      ...readBackup(fields),
      log: fields.leaf({
        name: "log",
        kind: logKind,
        default: { kind: "none" },
        means: "What is kept of the changes between two full ones.",
      }),
    }),
  });
}

function readBackup(fields: Fields): Backup {
  return {
    fullEveryMs: fields.leaf({
      name: "full",
      as: "fullEveryMs",
      kind: duration({ min: FULL_MIN_MS }),
      means: "From one full backup to the next.",
    }),
    keep: readKeep(fields),
    to: fields.leaf({
      name: "to",
      kind: place,
      means: "Where they lie, as a URL; credentials are secrets and stand elsewhere.",
    }),
    verifyEveryMs: fields.leaf({
      name: "verify",
      as: "verifyEveryMs",
      kind: duration({ min: FULL_MIN_MS }),
      default: 604_800_000,
      means: "How often one is restored into a scratch copy and compared.",
    }),
  };
}

function readKeep(parent: Fields): Backup["keep"] {
  return parent.group({
    name: "keep",
    means: "How many are kept.",
    expected: "{ daily: 7, weekly: 4, monthly: 12 }",
    read: (fields) => {
      const kept = (name: string, fallback: number): number =>
        fields.leaf({
          name,
          kind: integer({ min: 0, max: KEPT_MAX }),
          default: fallback,
          means: `How many ${name} ones.`,
        });
      return { daily: kept("daily", 7), weekly: kept("weekly", 4), monthly: kept("monthly", 12) };
    },
  });
}

const URL_SHAPE = /^[a-z][a-z0-9+.-]{0,30}:\/\/[^\s@]+$/;
const place = guardedText("a URL without credentials, such as s3://bucket/path", (given) =>
  URL_SHAPE.test(given),
);

const LOG = '"continuous", "none", or the time between two pieces ("5m")';
const LOG_EVERY = duration({ min: 1_000 });

const logKind: Leaf<LogShipping> = {
  expected: LOG,
  placeholder: { kind: "none" },
  show: (log) => (log.kind === "every" ? LOG_EVERY.show(log.everyMs) : JSON.stringify(log.kind)),
  parse: (input, log) => {
    if (input === "continuous" || input === "none") return ok({ kind: input });
    const every = LOG_EVERY.parse(input, log);
    return every.ok ? ok({ kind: "every", everyMs: every.value }) : refuse(notA(input, LOG));
  },
};
