/** Enough to keep libuv's four threads busy, few enough for any limit on open files. */
const AT_ONCE = 16;

/**
 * Does `work` for every item, a bounded number at once. After a failure nothing new begins, and
 * nothing is still under way when it is thrown.
 */
export async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let failed = false;
  // One iterator for all lanes: each takes the next item when it is free.
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failed) return;
      try {
        await work(item, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(AT_ONCE, items.length) }, lane);
  const failure = (await Promise.allSettled(lanes)).find((end) => end.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}
