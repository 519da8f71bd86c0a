import { humanDuration } from "@seaworthy/std/duration";
import { total } from "../load/window.ts";
import type { Interval } from "../record/evidence.ts";
import type { RequestClass } from "../system/system.ts";
import { html, type Markup } from "./markup.ts";
import type { Bucket, Timeline } from "./timeline.ts";

/** Units of the drawing; the page scales it. Small, so that its letters are read on a phone. */
const WIDTH = 480;
const LEFT = 56;
const RIGHT = 8;
const TOP = 18;
const PLOT_HEIGHT = 96;
const BOTTOM = 24;
const HEIGHT = TOP + PLOT_HEIGHT + BOTTOM;
const TICKS_MAX = 7;
/** Below a millisecond nothing is worth a line. */
const LATENCY_MS_MIN = 1;

export const CLASSES = ["safe", "idempotent", "unsafe", "stream"] as const satisfies RequestClass[];

/** p50 and p99 of each second on a logarithmic scale, with what was done and what was predicted. */
export function latencyChart(timeline: Timeline, predicted: Interval | undefined): Markup {
  const scale = scaleOf(timeline);
  const highest = Math.max(10, ...timeline.buckets.map(({ p99Ms }) => p99Ms ?? 0));
  const decades = Math.ceil(Math.log10(highest));
  const y = (ms: number): number => {
    const share = Math.log10(Math.max(LATENCY_MS_MIN, ms)) / decades;
    return round(TOP + PLOT_HEIGHT * (1 - Math.min(1, share)));
  };
  const grid = Array.from({ length: decades + 1 }, (_, power) => 10 ** power);
  const lines = (["p99", "p50"] as const).map((name) => {
    const points = timeline.buckets.map((bucket) => ({
      x: scale.middle(bucket),
      y: valueOf(bucket, name),
    }));
    return html`<path class="line ${name}" d="${pathOf(points, y)}"/>`;
  });
  const label = `Latency of each second, at most ${humanDuration(highest)}`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${backdrop(scale, timeline, predicted)}
${grid.map((ms) => gridLine(y(ms), humanDuration(ms)))}
${lines}
${axis(scale, timeline)}
</svg>`;
}

/** Failed requests of each second, stacked by class. */
export function failureChart(timeline: Timeline, predicted: Interval | undefined): Markup {
  const scale = scaleOf(timeline);
  const most = Math.max(1, ...timeline.buckets.map(({ failed }) => total(failed)));
  const y = (count: number): number => round(TOP + PLOT_HEIGHT * (1 - count / most));
  const bars = timeline.buckets.flatMap((bucket) => {
    const x = scale.x(bucket.fromMs);
    const width = round(Math.max(0.5, scale.x(bucket.fromMs + timeline.bucketMs) - x - 0.5));
    let below = 0;
    return CLASSES.flatMap((name) => {
      const count = bucket.failed[name];
      if (count === 0) return [];
      const top = y(below + count);
      const height = round(y(below) - top);
      below += count;
      return [
        html`<rect class="bar ${name}" x="${x}" y="${top}" width="${width}" height="${height}"/>`,
      ];
    });
  });
  const label = `Failed requests of each second, at most ${most}`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${backdrop(scale, timeline, predicted)}
${[0, most].map((count) => gridLine(y(count), `${count}`))}
${bars}
${axis(scale, timeline)}
</svg>`;
}

interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly x: (ms: number) => number;
  readonly middle: (bucket: Bucket) => number;
}

function scaleOf({ buckets, bucketMs }: Timeline): Scale {
  const fromMs = buckets[0]?.fromMs ?? 0;
  const toMs = (buckets.at(-1)?.fromMs ?? fromMs) + bucketMs;
  const x = (ms: number): number => {
    const share = Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs)));
    return round(LEFT + (WIDTH - LEFT - RIGHT) * share);
  };
  return { fromMs, toMs, x, middle: (bucket) => x(bucket.fromMs + bucketMs / 2) };
}

/** The predicted interval, shaded; the moments of injection and undo. */
function backdrop(scale: Scale, { moments }: Timeline, predicted: Interval | undefined): Markup {
  const { windowFromMs, undoneMs } = moments;
  const shade =
    predicted === undefined
      ? html``
      : shaded(scale.x(windowFromMs + predicted.fromMs), scale.x(windowFromMs + predicted.toMs));
  const undone = undoneMs === undefined ? html`` : mark(scale.x(undoneMs), "undone");
  return html`${shade}${mark(scale.x(windowFromMs), "broken")}${undone}`;
}

function shaded(fromX: number, toX: number): Markup {
  const width = round(Math.max(1, toX - fromX));
  return html`<rect class="predicted" x="${fromX}" y="${TOP}"
 width="${width}" height="${PLOT_HEIGHT}"/>`;
}

function mark(x: number, what: "broken" | "undone"): Markup {
  const isFar = x > WIDTH - RIGHT - 50;
  const textX = isFar ? x - 3 : x + 3;
  const anchor = isFar ? "end" : "start";
  return html`<line class="mark ${what}" x1="${x}" x2="${x}" y1="${TOP}" y2="${TOP + PLOT_HEIGHT}"/>
<text class="${what}" x="${textX}" y="${TOP - 5}" text-anchor="${anchor}">${what}</text>`;
}

function gridLine(y: number, label: string): Markup {
  return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>
<text x="${LEFT - 4}" y="${y + 4}" text-anchor="end">${label}</text>`;
}

/** Seconds before and after the injection. */
function axis(scale: Scale, { moments }: Timeline): Markup {
  const zeroMs = moments.windowFromMs;
  const stepMs = stepOf((scale.toMs - scale.fromMs) / TICKS_MAX);
  const first = Math.ceil((scale.fromMs - zeroMs) / stepMs);
  const last = Math.floor((scale.toMs - zeroMs) / stepMs);
  const y = TOP + PLOT_HEIGHT + 17;
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => {
    const ms = (first + at) * stepMs;
    const label = ms === 0 ? "0 s" : `${ms > 0 ? "+" : "−"}${Math.abs(ms) / 1_000}`;
    return html`<text x="${scale.x(zeroMs + ms)}" y="${y}" text-anchor="middle">${label}</text>`;
  });
  return html`${ticks}`;
}

/** The next of 1, 2, 5, 10 … seconds. */
function stepOf(ms: number): number {
  const seconds = Math.max(1, ms / 1_000);
  const power = 10 ** Math.floor(Math.log10(seconds));
  const factor = [1, 2, 5, 10].find((one) => one * power >= seconds) ?? 10;
  return factor * power * 1_000;
}

function valueOf(bucket: Bucket, name: "p50" | "p99"): number | undefined {
  return name === "p50" ? bucket.p50Ms : bucket.p99Ms;
}

/** Broken where nothing was answered: a line over it would claim what nobody measured. */
function pathOf(
  points: readonly { readonly x: number; readonly y: number | undefined }[],
  y: (ms: number) => number,
): string {
  let pen = "M";
  const parts: string[] = [];
  for (const point of points) {
    if (point.y === undefined) {
      pen = "M";
      continue;
    }
    // A second alone between silent ones would be a line without length.
    parts.push(`${pen}${point.x} ${y(point.y)}${pen === "M" ? "h0.01" : ""}`);
    pen = "L";
  }
  return parts.join("");
}

/** A hundredth of a unit is finer than any screen. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
