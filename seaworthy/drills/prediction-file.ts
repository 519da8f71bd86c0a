import { open } from "node:fs/promises";
import { join } from "node:path";
import { timestamp } from "@seaworthy/std/clock";
import { spokenHash } from "./objectives.ts";
import type { Prediction } from "./prediction.ts";
import type { Ready } from "./preflight.ts";
import type { DrillRequest } from "./request.ts";

/** Beside the raw samples. */
const PREDICTION_FILE = "prediction.json";

/**
 * Writes down what should happen before anything runs, synced: a prediction that could be written
 * afterwards would be none. The evidence repeats it.
 */
export async function writePrediction(
  request: DrillRequest,
  { unit, releases }: Ready,
  prediction: Prediction,
): Promise<void> {
  const document = {
    schemaVersion: 1,
    drill: request.name,
    unit: unit.name,
    target: request.target.platform.name,
    declarationHash: spokenHash(request.parsed),
    releases,
    seed: request.seed,
    runs: request.runs,
    at: timestamp(request.clock),
    prediction,
  };
  const file = await open(join(request.scratch, PREDICTION_FILE), "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(document, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
