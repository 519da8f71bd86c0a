import { humanDuration } from "@seaworthy/std/duration";
import { poll } from "@seaworthy/std/retry";
import { deadline } from "@seaworthy/std/clock";
import type { LoadRequest } from "../system/system.ts";
import { DrillAborted } from "./aborted.ts";
import { conclude, freshNotes, mayBreak, type Notes } from "./notes.ts";
import { MARGIN_MS } from "./predict.ts";
import { intervalOf, type Prediction, type PredictionBasis } from "./prediction.ts";
import { ScratchEdge, type Handshake } from "../targets/local/scratch-edge.ts";
import { Stage, type RunSetting } from "./stage.ts";
import type { RunFinding } from "./verdict.ts";

/** The certificate that is to expire: long enough to be seen good before. */
const SHORT_MS = 8_000;
/** How long it stays expired, so that what is open has every occasion to notice. */
const EXPIRED_MS = 4_000;
const LONG_MS = 86_400_000;
/** A new connection so often. */
const PROBE_EVERY_MS = 100;
/** The edge takes files that stood still between two looks, a second apart; on a busy machine. */
const SWAP_MS_MAX = 10_000;
/** After the renewal: new connections go on to be accepted. */
const AFTERWARDS_MS = 3_000;

/** What every service answers, and what changes nothing: the edge's own stand-in is asked. */
const ASKED: LoadRequest = {
  ...{ method: "GET", path: "/", headers: {}, body: undefined, weight: 1, class: "safe" },
};

/**
 * A certificate that expires and is renewed, on an edge of its own that serves nobody: from that
 * second on every new connection fails and no open one does; new files mend it without a restart.
 */
export async function certificateRun(given: RunSetting): Promise<RunFinding> {
  const { ownCommand, clock, signal } = given.request;
  const notes = freshNotes();
  await using edge = await ScratchEdge.start({ ownCommand, clock, signal });
  const load = { ...given.load, mix: [ASKED], history: undefined };
  const { url, trust } = edge;
  // Connections are kept: those that are new are counted apart.
  const setting: RunSetting = { ...given, load, url, trust, freshConnections: 0 };
  await using stage = await Stage.open(setting);
  try {
    const steady = await stage.steady();
    notes.baseline = steady.span;
    if (mayBreak(steady, notes)) await expire({ setting, stage, notes, edge });
  } catch (error) {
    if (!(error instanceof DrillAborted)) throw error;
    notes.aborted = error.message;
  }
  return await conclude(setting, stage, notes);
}

/** Who stays connected notices nothing; how soon new files are taken is not declared anywhere. */
export function predictCertificate({ drills }: PredictionBasis): Prediction {
  return {
    interval: intervalOf({ what: "outage of open connections", fromMs: 0, toMs: 0, varies: [] }),
    figure: "unavailable",
    failingMsMax: MARGIN_MS,
    wholeMsMax: MARGIN_MS,
    lastsMsMax: SHORT_MS + EXPIRED_MS + 2 * SWAP_MS_MAX + AFTERWARDS_MS + drills.windowMs,
  };
}

interface Expiring {
  readonly setting: RunSetting;
  readonly stage: Stage;
  readonly notes: Notes;
  readonly edge: ScratchEdge;
}

async function expire(course: Expiring): Promise<void> {
  const { setting, stage, notes, edge } = course;
  const { request } = setting;
  const fromMs = stage.run.nowMs();
  const toMs = fromMs + request.parsed.system.drills.windowMs;
  notes.window = { fromMs, toMs };
  const expiresMs = await edge.renew(SHORT_MS);
  const expires = new Date(expiresMs).toISOString();
  say(course, "inject", `a certificate that expires at ${expires}`);
  await untilServed(course, expiresMs);
  const over = new AbortController();
  const seen: Handshake[] = [];
  const probing = probe(course, seen, over.signal);
  try {
    await stage.observe(onLoadClock(course, expiresMs + EXPIRED_MS), "the certificate to expire");
    const expired = seen.filter(({ code }) => code === "CERT_HAS_EXPIRED");
    // By the client's own words, which the edge does not even hear.
    if (expired.length > 0) notes.injected = `${expired.length} new connections refused it`;
    const renewedMs = request.clock.wall();
    await edge.renew(LONG_MS);
    const accepted = await untilAccepted(course, seen, renewedMs);
    notes.tookMs = accepted.toWallMs - renewedMs;
    notes.undoneMs = stage.run.nowMs();
    notes.recoversFromMs = notes.undoneMs;
    notes.undone = `accepted again ${humanDuration(notes.tookMs)} after the files were renewed`;
    say(course, "undo", `renewed: ${notes.undone}`);
    notes.window = { fromMs, toMs: Math.max(toMs, notes.undoneMs + AFTERWARDS_MS) };
    await stage.observe(notes.window.toMs, "new connections to go on");
    over.abort();
    await probing;
    notes.wrongs.push(
      ...handshakeWrongs(seen, { expiresMs, renewedMs, acceptedMs: accepted.toWallMs }),
    );
  } finally {
    over.abort();
    await probing;
  }
  // By its nature a client that comes anew is refused meanwhile; who stays must not notice.
  notes.goesOn = ({ failure }) => failure !== "refused";
}

function say({ setting }: Expiring, phase: "inject" | "undo", detail: string): void {
  setting.request.emit({ kind: "drill", drill: setting.request.name, phase, detail });
}

/** A moment of the wall clock on the generator's. */
function onLoadClock({ setting, stage }: Expiring, wallMs: number): number {
  return stage.run.nowMs() + (wallMs - setting.request.clock.wall());
}

async function untilServed({ setting, edge }: Expiring, expiresMs: number): Promise<void> {
  const { clock, signal } = setting.request;
  const limit = deadline(SWAP_MS_MAX, "the edge to take the short certificate", signal);
  const look = async () => ((await edge.servedUntil()) === expiresMs ? true : undefined);
  await poll(look, { clock, everyMs: PROBE_EVERY_MS, signal: limit });
}

async function untilAccepted(
  { setting }: Expiring,
  seen: readonly Handshake[],
  renewedMs: number,
): Promise<Handshake> {
  const { clock, signal } = setting.request;
  const limit = deadline(SWAP_MS_MAX, "a new connection after the renewal", signal);
  const look = async () => seen.find((one) => one.accepted && one.fromWallMs >= renewedMs);
  return await poll(look, { clock, everyMs: PROBE_EVERY_MS / 2, signal: limit });
}

async function probe(
  { setting, edge }: Expiring,
  seen: Handshake[],
  over: AbortSignal,
): Promise<void> {
  const { clock } = setting.request;
  while (!over.aborted) {
    seen.push(await edge.shakeHands());
    await clock.sleep(PROBE_EVERY_MS, over).catch(() => {});
  }
}

/** Wall clock, ms: when it ended, when new files were there, when the first was accepted again. */
export interface Expiry {
  readonly expiresMs: number;
  readonly renewedMs: number;
  readonly acceptedMs: number;
}

/** What may not be seen of new connections, whatever the load's ratio. */
export function handshakeWrongs(
  seen: readonly Handshake[],
  { expiresMs, renewedMs, acceptedMs }: Expiry,
): readonly string[] {
  const failed = seen.filter(({ accepted }) => !accepted);
  const early = failed.filter(({ toWallMs }) => toWallMs < expiresMs);
  const late = failed.filter(({ fromWallMs }) => fromWallMs > acceptedMs);
  const other = failed.filter(({ code }) => code !== "CERT_HAS_EXPIRED");
  const believed = seen.filter(
    ({ accepted, fromWallMs, toWallMs }) =>
      accepted && fromWallMs >= expiresMs && toWallMs < renewedMs,
  );
  const codes = [...new Set(other.map(({ code }) => code))].join(", ");
  return [
    { found: early, what: "failed before the certificate expired" },
    { found: believed, what: "were accepted although it had expired" },
    { found: late, what: "failed after one had been accepted again" },
    { found: other, what: `failed for another reason: ${codes}` },
  ].flatMap(({ found, what }) =>
    found.length === 0 ? [] : [`${found.length} new connections ${what}`],
  );
}
