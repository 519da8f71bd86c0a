import { constants, setPriority } from "node:os";
import type { Clock } from "@seaworthy/std/clock";
import type { OwnCommand } from "@seaworthy/std/command";
import { EXIT } from "./exit.ts";
import { gatewayCommand } from "./gateway-command.ts";

/** What our own processes use of the outside. */
export interface HiddenContext {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly ownCommand: OwnCommand;
  readonly process: NodeJS.Process;
}

/** A signal to oneself takes effect at once; one that does not end us must not keep us. */
const SIGNAL_MS = 1_000;

/**
 * A generator that queues for the CPU behind what it measures would measure that queue. Only root
 * may go ahead of others (setpriority(2)); elsewhere its self-check says when it was too late.
 */
function firstInLine(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
  } catch {
    // Not allowed here: the send lag is checked all the same.
  }
}

/** Ends as a child did that a signal ended: whoever waits for us is told the same. */
async function endBy(
  signal: NodeJS.Signals,
  { clock, process }: Pick<HiddenContext, "clock" | "process">,
): Promise<number> {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  await clock.sleep(SIGNAL_MS);
  return EXIT.error;
}

/**
 * Every process of the tool starts here, under a verb nobody types: supervisor, watchdog, dead
 * man's switch, load generator, a service made bad on purpose. (The declaration's child starts its
 * own lean file.)
 */
export async function runHidden(
  verb: string,
  args: readonly string[],
  context: HiddenContext,
): Promise<number> {
  const { clock, environment, ownCommand, process } = context;
  switch (verb) {
    case "_supervise": {
      const { folderFromArgument } = await import("../targets/local/folder-argument.ts");
      const { supervise } = await import("../targets/local/supervisor/supervise.ts");
      const folder = folderFromArgument(args[0]);
      const gateway = gatewayCommand(process.execPath);
      const world = { folder, clock, ownCommand, environment, gatewayCommand: gateway };
      return await supervise(world, process.pid);
    }
    case "_watch": {
      const { folderFromArgument } = await import("../targets/local/folder-argument.ts");
      const { watch } = await import("../targets/local/watch.ts");
      const folder = folderFromArgument(args[0]);
      return await watch({ folder, clock, ownCommand, environment }, process.pid);
    }
    case "_undo": {
      const { undoAtDeadline } = await import("../targets/local/undo.ts");
      return await undoAtDeadline({ handleFile: args[0] ?? "", clock, pid: process.pid });
    }
    case "_break": {
      const { keepBroken } = await import("../targets/local/faults/breaker.ts");
      return await keepBroken({ handleFile: args[0] ?? "", clock, pid: process.pid });
    }
    case "_load": {
      const { runLoadWorker } = await import("../load/worker.ts");
      firstInLine();
      await runLoadWorker({ clock, input: process.stdin, output: process.stdout });
      return EXIT.done;
    }
    case "_scratch-edge": {
      const { keepScratchEdge } = await import("../targets/local/keep-scratch-edge.ts");
      return await keepScratchEdge({
        folder: args[0] ?? "",
        gatewayCommand: gatewayCommand(process.execPath),
        input: process.stdin,
        output: process.stdout,
      });
    }
    case "_impair": {
      const { impair } = await import("../drills/impair.ts");
      const ended = await impair(args, { clock, environment, node: process.execPath, process });
      if ("signal" in ended) return await endBy(ended.signal, { clock, process });
      // What still goes through us is nobody's any more.
      process.exit(ended.code);
      return ended.code;
    }
    default:
      process.stderr.write(`seaworthy: ${verb} is no verb\n`);
      return EXIT.usage;
  }
}
