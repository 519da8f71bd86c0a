import { refuse, ok, type Result } from "./result.ts";

const PERCENT = /^(\d+(?:\.\d+)?)%$/;
const RATE = /^(\d+(?:\.\d+)?)\/(s|min|h)$/;
const FACTOR = /^(\d+(?:\.\d+)?)x$/;
const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3_600 };

/** `"99.9%"` → 0.999. Above 100 % is refused. */
export function parsePercent(text: string): Result<number, string> {
  const amount = PERCENT.exec(text)?.[1];
  if (amount === undefined) return refuse(`${JSON.stringify(text)} is no percentage ("99.9%")`);
  // Scaled in decimal so that "99.9%" is 0.999 and not 0.9990000000000001.
  const ratio = Number((Number(amount) / 100).toPrecision(12));
  if (ratio > 1) return refuse(`${JSON.stringify(text)} is more than 100%`);
  return ok(ratio);
}

/** `"200/s"`, `"100/min"` → per second. */
export function parseRate(text: string): Result<number, string> {
  const match = RATE.exec(text);
  const amount = match?.[1];
  const unit = match?.[2];
  if (amount === undefined || unit === undefined) {
    return refuse(`${JSON.stringify(text)} is no rate ("200/s", "100/min")`);
  }
  return ok(Number(amount) / (SECONDS_PER_UNIT[unit] ?? 1));
}

/** `"2x"` → 2: a factor over what was measured before. */
export function parseFactor(text: string): Result<number, string> {
  const amount = FACTOR.exec(text)?.[1];
  if (amount === undefined) return refuse(`${JSON.stringify(text)} is no factor ("2x")`);
  return ok(Number(amount));
}

/** 0.001 → `0.1 %`, without trailing zeros. */
export function humanPercent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(6))} %`;
}
