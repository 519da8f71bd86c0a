import { execPath } from "node:process";
import type { OwnCommand } from "@seaworthy/std/command";

const room = new URL("./impair.ts", import.meta.url).href;
const clock = import.meta.resolve("@seaworthy/std/clock");

/** Starts an impaired command as `cli/main` does, for tests of rooms that stand before the cli. */
export const impairCommand: OwnCommand = (_verb, ...args) => [
  execPath,
  "--input-type=module",
  "--eval",
  `import { impair } from ${JSON.stringify(room)};
   import { systemClock } from ${JSON.stringify(clock)};
   const { argv, env, execPath } = process;
   const world = { clock: systemClock, environment: env, node: execPath, process };
   const ended = await impair(argv.slice(1), world);
   if (!("signal" in ended)) process.exit(ended.code);
   process.removeAllListeners(ended.signal);
   process.kill(process.pid, ended.signal);`,
  "--",
  ...args,
];
