import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { type OpenSystem, openSystem } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import type { LogQuery } from "../../targets/target.ts";
import type { RunVerb } from "../verb.ts";
import { countOption } from "./events.ts";

const LINES_SHOWN = 100;

/** What instances wrote: all, one service's, or one instance's; `--follow` until Ctrl-C. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  await using target = disposable(await openTarget(system, context));
  const query: LogQuery = {
    ...selected(system),
    tail: countOption(options["tail"], { fallback: LINES_SHOWN, flag: "--tail" }),
    follow: options["follow"] === true,
  };
  const stop = new AbortController();
  let lines = 0;
  const ended = AbortSignal.any([stop.signal, context.interrupts.stop]);
  for await (const line of target.logs(query, ended)) {
    if (context.interrupts.stopRequested() || context.terminal.outClosed()) break;
    lines += 1;
    context.terminal.out(
      options.json === true
        ? `${JSON.stringify({ schemaVersion: 1, ...line })}\n`
        : `${line.instance}${line.stream === "stderr" ? " !" : "  "} ${line.text}\n`,
    );
  }
  stop.abort();
  if (lines === 0 && query.tail !== 0) {
    context.terminal.say(`nothing was written by ${query.instance ?? query.unit ?? "anything"}\n`);
  }
  return EXIT.done;
};

function selected(system: OpenSystem): Pick<LogQuery, "unit" | "instance"> {
  const [name, ...more] = system.rest;
  if (more.length > 0) throw new Refusal(EXIT.usage, "logs takes one service or instance");
  if (name === undefined) return { unit: undefined, instance: undefined };
  const known = system.graph.units.map((unit) => unit.name);
  if (known.includes(name)) return { unit: name, instance: undefined };
  const unit = /^(.+)-\d+$/.exec(name)?.[1];
  if (unit !== undefined && known.includes(unit)) return { unit, instance: name };
  throw new Refusal(EXIT.usage, `no unit or instance ${name}`, {
    fix: `units are ${known.join(", ")}; an instance is ${known[0]}-1`,
  });
}
