/** Above this, a month's budget (7 h 12 min at 99 %) is spent by restarts alone. */
export const AVAILABILITY_MIN = 0.99;

const MONTH_MS = 30 * 86_400_000;

/** What a month of 30 days may be down. */
export function monthBudgetMs(availability: number): number {
  return (1 - availability) * MONTH_MS;
}
