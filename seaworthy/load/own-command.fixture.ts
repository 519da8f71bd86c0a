import { execPath } from "node:process";
import type { OwnCommand } from "@seaworthy/std/command";

const worker = new URL("./worker.ts", import.meta.url).href;
const clock = import.meta.resolve("@seaworthy/std/clock");

/** Starts the generator as `cli/main` does, for tests of rooms that stand before the cli. */
export const loadCommand: OwnCommand = () => [
  execPath,
  "--input-type=module",
  "--eval",
  `import { runLoadWorker } from ${JSON.stringify(worker)};
   import { systemClock } from ${JSON.stringify(clock)};
   await runLoadWorker({ clock: systemClock, input: process.stdin, output: process.stdout });`,
];
