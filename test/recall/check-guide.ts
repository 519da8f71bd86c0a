import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { readFields, readList, readOneOf, readText } from "./data.ts";
import { GUIDE_IDS, GUIDES, GUIDES_FOLDER, type GuideId } from "./guides.ts";
import type { FindingsOf, PrintedFinding } from "./recall.ts";

const CLI = join(import.meta.dirname, "../../seaworthy/cli/launch.js");
/** A guide takes half a second; one that takes this long hangs. */
const CHECK_MS = 60_000;
/** 0: nothing that hurts. 10: errors were found. Anything else is a failure of the tool. */
const EXITS_THAT_CHECKED: readonly number[] = [0, 10];
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface CheckedGuides {
  readonly findings: FindingsOf;
  /** Guides that the tool could not check, and what it said. */
  readonly failures: readonly { readonly guide: GuideId; readonly because: string }[];
}

/** Runs the tool over every guide as a user would, one after the other. */
export async function checkGuides(options: {
  readonly catalogues: boolean;
}): Promise<CheckedGuides> {
  const findings: Record<GuideId, readonly PrintedFinding[]> = {
    "000": [],
    "001": [],
    "002": [],
    "003": [],
  };
  const failures: { guide: GuideId; because: string }[] = [];
  for (const guide of GUIDE_IDS) {
    const flags = options.catalogues ? [] : ["--no-catalogues"];
    const ended = await run(["check", GUIDES[guide], "--json", ...flags]);
    const read = findingsOf(ended);
    if (typeof read === "string") failures.push({ guide, because: read });
    else findings[guide] = read;
  }
  return { findings, failures };
}

/** What was found, or why that is not known. */
function findingsOf({ code, stdout, stderr }: Ended): readonly PrintedFinding[] | string {
  if (!EXITS_THAT_CHECKED.includes(code)) return `exit ${code}: ${firstLine(stderr)}`;
  try {
    return readFindings(stdout);
  } catch (error) {
    // One guide's broken output must not hide what was found in the others.
    return `exit ${code}, and its output cannot be read: ${firstLine(String(error))}`;
  }
}

/** The findings of a `check --json`; all other fields are the tool's own affair. */
export function readFindings(stdout: string): readonly PrintedFinding[] {
  const data: unknown = JSON.parse(stdout);
  const { findings } = readFields(data, "what check printed");
  return readList(findings, "findings").map((finding, index) => {
    const where = `finding ${index + 1}`;
    const fields = readFields(finding, where);
    return {
      rule: readText(fields["rule"], `${where}: rule`),
      severity: readOneOf(fields["severity"], ["error", "warning", "note"], `${where}: severity`),
      message: readText(fields["message"], `${where}: message`),
      places: readList(fields["places"], `${where}: places`).map((place) =>
        readPlace(readFields(place, `${where}: place`), where),
      ),
    };
  });
}

function readPlace(
  { file, line }: Readonly<Record<string, unknown>>,
  where: string,
): PrintedFinding["places"][number] {
  assert.ok(file === undefined || typeof file === "string", `${where}: file`);
  assert.ok(line === undefined || typeof line === "number", `${where}: line`);
  return { file, line };
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[]): Promise<Ended> {
  const limits = { timeout: CHECK_MS, maxBuffer: OUTPUT_BYTES_MAX, killSignal: "SIGKILL" } as const;
  const environment = { ...process.env, NO_COLOR: "1" };
  return new Promise((resolve) => {
    const options = { ...limits, cwd: GUIDES_FOLDER, env: environment };
    execFile(process.execPath, [CLI, ...args], options, (error, stdout, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : 137;
      resolve({ code, stdout, stderr });
    });
  });
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
