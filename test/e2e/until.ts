import assert from "node:assert/strict";

/** Waits for something another process does; the deadline is generous, machines are shared. */
export async function until(
  what: string,
  seen: () => Promise<boolean> | boolean,
  seconds = 30,
): Promise<void> {
  const end = Date.now() + seconds * 1_000;
  while (!(await seen())) {
    assert.ok(Date.now() < end, `never seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
