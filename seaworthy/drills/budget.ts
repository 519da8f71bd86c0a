import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import { total } from "../load/window.ts";
import type { DrillRun, Evidence } from "../record/evidence.ts";
import { CATALOGUE, type DrillName, isDrillName } from "./catalogue.ts";
import { MONTH_MS, monthBudgetMs } from "./objectives.ts";
import { MARGIN_MS } from "./predict.ts";
import type { Prediction } from "./prediction.ts";

export interface BudgetQuestion {
  readonly name: DrillName;
  /** As declared; undefined: nothing says what a month may be down. */
  readonly availability: number | undefined;
  readonly prediction: Prediction;
  /** Evidence from before, oldest first. */
  readonly kept: readonly Evidence[];
  /** Runs that this drill has played already. */
  readonly played: readonly DrillRun[];
  readonly runsLeft: number;
  readonly nowWallMs: number;
}

/** What is left does not cover the runs to come. */
export interface OverBudget {
  readonly because: string;
  readonly waysOut: string;
  /** RFC 3339: when enough of it is back; undefined: no month allows so much. */
  readonly backAt: string | undefined;
}

/**
 * Why the runs to come are not covered by what is left of the month's budget (30 days, by the
 * declared availability) after the outages that drills measured; undefined: they are. A drill on a
 * copy that nobody uses spends nothing.
 */
export function overBudget(question: BudgetQuestion): OverBudget | undefined {
  const { name, availability, prediction, runsLeft } = question;
  if (availability === undefined || CATALOGUE[name].tier === "T0") return undefined;
  const budgetMs = monthBudgetMs(availability);
  const spent = spentInMonth(question);
  const leftMs = budgetMs - sumOf(spent);
  const eachMs = predictedOutageMs(prediction);
  if (leftMs >= eachMs * runsLeft) return undefined;
  const budget = `${humanDuration(budgetMs)} that ${humanPercent(availability)} of 30 days allow`;
  const took = `outages of drills took ${humanDuration(sumOf(spent))} of the ${budget}`;
  const more = `${runsText(runsLeft)} may take ${humanDuration(eachMs * runsLeft)} more`;
  const sums = { spent, budgetMs, eachMs, backAt: backOf(question, { spent, budgetMs, eachMs }) };
  return { because: `${took}, and ${more}`, waysOut: waysOut(sums), backAt: sums.backAt };
}

/** The longest that users may be without service in one run, as predicted. */
export function predictedOutageMs({ interval, figure, failingMsMax }: Prediction): number {
  const failingMs = Math.max(0, failingMsMax - MARGIN_MS);
  return figure === "unavailable" ? Math.max(interval.toMs, failingMs) : failingMs;
}

/**
 * What a run took of the budget: from the first failure until it was steady again; and where a
 * fault stops some requests by nature, all the time that it stopped them.
 */
export function spentMs({ outage, stopped, moments }: DrillRun): number {
  const isStopped = stopped !== undefined && total(stopped.failed) > 0;
  if (!isStopped || moments === undefined) return outage.unavailableMs;
  const { windowFromMs, windowToMs, undoneMs = windowToMs } = moments;
  return Math.max(outage.unavailableMs, undoneMs - windowFromMs);
}

interface Spending {
  readonly wallMs: number;
  readonly ms: number;
}

/** Oldest first. The evidence of one drill on each of its objectives has the same runs. */
function spentInMonth({ kept, played, nowWallMs }: BudgetQuestion): readonly Spending[] {
  const once = new Map(kept.filter(isOfUsers).map((one) => [one.raw, one]));
  const before = [...once.values()].map(({ at, runs }) => ({
    wallMs: Date.parse(at),
    ms: runs.reduce((all, run) => all + spentMs(run), 0),
  }));
  const now = played.map((run) => ({ wallMs: nowWallMs, ms: spentMs(run) }));
  return [...before, ...now].filter(({ wallMs }) => wallMs > nowWallMs - MONTH_MS);
}

function isOfUsers({ drill }: Evidence): boolean {
  return !(isDrillName(drill) && CATALOGUE[drill].tier === "T0");
}

interface Sums {
  readonly spent: readonly Spending[];
  readonly budgetMs: number;
  readonly eachMs: number;
}

function backOf(
  { runsLeft, nowWallMs }: BudgetQuestion,
  { spent, budgetMs, eachMs }: Sums,
): string | undefined {
  const backMs = backAt(spent, { spentMsMax: budgetMs - eachMs * runsLeft, nowWallMs });
  return backMs === undefined ? undefined : new Date(backMs).toISOString();
}

function waysOut(sums: Sums & { readonly backAt: string | undefined }): string {
  const { spent, budgetMs, eachMs, backAt: back } = sums;
  const fitting = eachMs === 0 ? 0 : Math.floor((budgetMs - sumOf(spent)) / eachMs);
  const fewer = fitting >= 1 ? [`play fewer (--runs ${fitting})`] : [];
  const wait = back === undefined ? [] : [`wait until ${back}, when enough of it is back`];
  const others = ["promise less (objectives.availability)", "or accept it: --allow-outage"];
  return [...fewer, ...wait, ...others].join(", ");
}

/** When no more than so much is spent, as one outage after the other is a month ago. */
function backAt(
  spent: readonly Spending[],
  { spentMsMax, nowWallMs }: { readonly spentMsMax: number; readonly nowWallMs: number },
): number | undefined {
  let atMs = nowWallMs;
  let restMs = sumOf(spent);
  for (const { wallMs, ms } of spent.toSorted((a, b) => a.wallMs - b.wallMs)) {
    if (restMs <= spentMsMax) return atMs;
    restMs -= ms;
    atMs = wallMs + MONTH_MS;
  }
  // What is left of a sum of fractions may not be exactly nothing.
  return spentMsMax >= 0 ? atMs : undefined;
}

function sumOf(spent: readonly Spending[]): number {
  return spent.reduce((all, { ms }) => all + ms, 0);
}

function runsText(runs: number): string {
  return runs === 1 ? "one run" : `${runs} runs`;
}
