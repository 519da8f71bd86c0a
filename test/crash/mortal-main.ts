/**
 * The real command line under a composition root that may kill its own process: `mortal-main.ts
 * FUSES VERB …`. The product knows nothing of it; its processes are started through this file.
 */
import { hostname, userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { systemClock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import type { Context } from "../../seaworthy/cli/context.ts";
import { runHidden } from "../../seaworthy/cli/hidden.ts";
import { interruptsFrom } from "../../seaworthy/cli/interrupts.ts";
import { runProgram } from "../../seaworthy/cli/program.ts";
import { terminalFrom } from "../../seaworthy/cli/terminal.ts";
import type { Target } from "../../seaworthy/targets/target.ts";
import { Fuse } from "./fuse.ts";
import { makeCallsMortal } from "./mortal-calls.ts";
import { mortalTarget } from "./mortal-target.ts";

async function main(fuses: string, argv: readonly string[]): Promise<number> {
  const ownCommand: OwnCommand = (verb, ...args) => [
    process.execPath,
    fileURLToPath(import.meta.url),
    fuses,
    verb,
    ...args,
  ];
  const [verb = "", ...args] = argv;
  const common = { clock: systemClock, environment: process.env, ownCommand };
  if (verb === "_supervise") makeCallsMortal(new Fuse(fuses, "supervisor"));
  if (verb.startsWith("_")) return await runHidden(verb, args, { ...common, process });
  makeCallsMortal(new Fuse(fuses, "calls"));
  const fuse = new Fuse(fuses, "tool");
  const terminal = terminalFrom(process);
  const context: Context = {
    ...common,
    cwd: process.cwd(),
    terminal,
    interrupts: interruptsFrom(process, (text) => terminal.say(text)),
    owner: { pid: process.pid, host: hostname(), user: userInfo().username },
    wrapTarget: (target) => mortal(target, fuse),
  };
  return await runProgram(argv, context);
}

function mortal(target: Target, fuse: Fuse): Target {
  const reaper = fuse.reaper();
  return reaper === undefined ? target : mortalTarget(target, reaper);
}

const [fuses = "", ...argv] = process.argv.slice(2);
process.exitCode = await main(fuses, argv);
