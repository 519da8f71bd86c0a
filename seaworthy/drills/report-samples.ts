import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readSample } from "../load/protocol.ts";
import type { DrillRun, Evidence } from "../record/evidence.ts";
import type { ReportedDrill } from "./report.ts";
import { type Timeline, TimelineMaker } from "./timeline.ts";

/** Drawn one below the other; more than that nobody compares by eye. */
const CHARTS_MAX = 20;
/** Ten minutes at 5,000 requests/s: drawing more takes longer than people wait. */
const SAMPLES_BYTES_MAX = 600 * 1_048_576;
/** As the drill names its folder: no step out of the record. */
const RAW = /^raw\/[\w-]+$/;

/** Evidence that speaks of the same runs, together, with what can be drawn of them. */
export async function reportedDrills(
  evidence: readonly Evidence[],
  recordFolder: string,
): Promise<readonly ReportedDrill[]> {
  const plays = new Map<string, [Evidence, ...Evidence[]]>();
  for (const one of evidence) {
    const play = plays.get(one.raw);
    if (play === undefined) plays.set(one.raw, [one]);
    else play.push(one);
  }
  const drawn: ReportedDrill[] = [];
  for (const play of plays.values()) drawn.push(await drawnDrill(play, recordFolder));
  return drawn;
}

async function drawnDrill(
  evidence: ReportedDrill["evidence"],
  recordFolder: string,
): Promise<ReportedDrill> {
  const [{ runs, raw }] = evidence;
  const timelines: Timeline[] = [];
  let undrawn: string | undefined;
  for (const [at, run] of runs.entries()) {
    if (at >= CHARTS_MAX) {
      undrawn = `${runs.length - CHARTS_MAX} more runs are in the table and not drawn.`;
      break;
    }
    try {
      if (!RAW.test(raw)) throw new Error("their folder is not named as ours are");
      timelines.push(await timelineOf(run, join(recordFolder, raw, `run-${at + 1}.ndjson`)));
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      undrawn = `Run ${at + 1} and later cannot be drawn: ${because}`;
      break;
    }
  }
  return { evidence, timelines, undrawn };
}

/** Read line by line: a run may hold more samples than fit into memory. */
async function timelineOf({ moments }: DrillRun, path: string): Promise<Timeline> {
  if (moments === undefined) throw new Error("an older version did not keep when things happened");
  const { size } = await stat(path);
  if (size > SAMPLES_BYTES_MAX) throw new Error(`${size} bytes of samples are too many to draw`);
  const maker = new TimelineMaker(moments);
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line !== "") maker.add(readSample(line));
  }
  return maker.timeline();
}
