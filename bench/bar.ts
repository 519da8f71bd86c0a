/** Whether a limit was kept. Two out of three of these are no pass. */
export type BarVerdict = "met" | "not met" | "could not verify";

/** What one run says about one bar. Its limit may be the run's own (twice its own steady p99). */
export interface Reading {
  readonly value: number;
  readonly limit: number;
  /** Why this run proves nothing, or undefined. */
  readonly doubt: string | undefined;
}

export interface Judgement {
  readonly verdict: BarVerdict;
  readonly because: string;
}

/**
 * One run above its limit misses the bar, whatever the others did. To be met, it takes `needed`
 * runs that can be believed: a run in doubt is neither a pass nor a miss.
 */
export function judgeBar(readings: readonly Reading[], needed: number): Judgement {
  const believed = readings.filter((reading) => reading.doubt === undefined);
  const above = believed.filter((reading) => !(reading.value <= reading.limit));
  if (above.length > 0) {
    const worst = above.reduce((a, b) => (b.value - b.limit > a.value - a.limit ? b : a));
    const figures = `${shown(worst.value)} against ${shown(worst.limit)}`;
    return { verdict: "not met", because: `${above.length} of ${believed.length}: ${figures}` };
  }
  if (believed.length < needed) {
    const doubts = oneOf(readings.flatMap(({ doubt }) => doubt ?? []));
    const why = doubts === "" ? "" : `: ${doubts}`;
    const because = `${believed.length} of ${needed} runs can be believed${why}`;
    return { verdict: "could not verify", because };
  }
  return { verdict: "met", because: `all of ${believed.length} runs` };
}

/** The first of several reasons; each run keeps its own. */
export function oneOf(reasons: readonly string[]): string {
  const others = new Set(reasons).size - 1;
  return `${reasons[0] ?? ""}${others > 0 ? ` (and ${others} other reasons)` : ""}`;
}

/** The worst of several: what was missed is missed, however much could not be verified. */
export function worstVerdict(verdicts: readonly BarVerdict[]): BarVerdict {
  if (verdicts.includes("not met")) return "not met";
  const isProved = verdicts.length > 0 && verdicts.every((verdict) => verdict === "met");
  return isProved ? "met" : "could not verify";
}

/** Three digits say enough for a person; the file keeps them all. */
export function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}
