#!/usr/bin/env node
/** The composition root: the only place that reads the process's argv, environment and clock. */
import { enableCompileCache } from "node:module";
import { hostname, userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { systemClock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import type { Context } from "./context.ts";
import { interruptsFrom } from "./interrupts.ts";
import { terminalFrom } from "./terminal.ts";

// For whoever starts this file itself; `launch.js` did it earlier, which saves more.
enableCompileCache();

const ownCommand: OwnCommand = (verb, ...args) => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  fileURLToPath(new URL("launch.js", import.meta.url)),
  verb,
  ...args,
];

async function main(argv: readonly string[]): Promise<number> {
  const [verb, ...args] = argv;
  if (verb?.startsWith("_") === true) {
    const { runHidden } = await import("./hidden.ts");
    return await runHidden(verb, args, {
      clock: systemClock,
      environment: process.env,
      ownCommand,
      process,
    });
  }
  const terminal = terminalFrom(process);
  const context: Context = {
    clock: systemClock,
    cwd: process.cwd(),
    environment: process.env,
    terminal,
    ownCommand,
    interrupts: interruptsFrom(process, (text) => terminal.say(text)),
    owner: { pid: process.pid, host: hostname(), user: userInfo().username },
  };
  const { runProgram } = await import("./program.ts");
  return await runProgram(argv, context);
}

process.exitCode = await main(process.argv.slice(2));
