import { MARGIN_MS } from "./predict.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";

/** The supervisor looks each 200 ms; a worker that lost its holder may keep the port for 5 s. */
const RESTART_MS = 5_200;
/** A cold start of the edge on a busy machine. */
const BOOT_MS = 5_000;

/** Connections wait in the kernel for the next worker; nobody waits longer than the client does. */
export function predictEdgeWorker({ load }: PredictionBasis): Prediction {
  const timeoutMs = load?.timeoutMs ?? 0;
  const interval = intervalOf({
    what: "outage until the next worker accepts",
    fromMs: 0,
    toMs: timeoutMs,
    varies: [{ of: "load.timeout", ms: timeoutMs }],
  });
  return { interval, ...edgeBounds(timeoutMs) };
}

/**
 * Where the sockets go with it, an outage until the supervisor has started another one. No declared
 * interval says how long that takes, but that it is over within the window.
 */
export function predictEdgeHolder({ drills }: PredictionBasis): Prediction {
  const interval = intervalOf({
    what: "outage until another holder listens",
    fromMs: 0,
    toMs: drills.windowMs,
    varies: [{ of: "drills.window", ms: drills.windowMs }],
  });
  return { interval, ...edgeBounds(RESTART_MS + BOOT_MS) };
}

/** Nobody should notice. */
export function predictHandover(): Prediction {
  const interval = intervalOf({ what: "outage: none", fromMs: 0, toMs: 0, varies: [] });
  return { interval, ...edgeBounds(0) };
}

function edgeBounds(failingMs: number): Omit<Prediction, "interval"> {
  return {
    figure: "unavailable",
    failingMsMax: failingMs + MARGIN_MS,
    wholeMsMax: RESTART_MS + BOOT_MS + MARGIN_MS,
    lastsMsMax: undefined,
  };
}
