import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { type OpenSystem, openSystem } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import type { LogLine, LogQuery } from "../../targets/target.ts";
import type { RunVerb } from "../verb.ts";
import { countOption } from "./events.ts";

const LINES_SHOWN = 100;

/** What instances wrote: all, one service's, or one instance's; `--follow` until Ctrl-C. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  await using target = disposable(await openTarget(system, context));
  const tail = countOption(options["tail"], { fallback: LINES_SHOWN, flag: "--tail" });
  const search = searchOption(options["search"]);
  const follow = options["follow"] === true;
  // What is searched for may stand anywhere in what is kept.
  const query: LogQuery = {
    ...selected(system),
    ...{ tail: search === undefined || follow ? tail : undefined, follow },
  };
  const stop = new AbortController();
  let lines = 0;
  const ended = AbortSignal.any([stop.signal, context.interrupts.stop]);
  for await (const line of found(target.logs(query, ended), { search, tail, follow })) {
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
    const by = query.instance ?? query.unit ?? "anything";
    const what =
      search === undefined ? "nothing was written" : `no line with ${search} was written`;
    context.terminal.say(`${what} by ${by}\n`);
  }
  return EXIT.done;
};

interface Search {
  readonly search: string | undefined;
  readonly tail: number;
  readonly follow: boolean;
}

/** Lines that hold the text; without following, the last ones of each instance's stream. */
async function* found(
  lines: AsyncIterable<LogLine>,
  { search, tail, follow }: Search,
): AsyncGenerator<LogLine> {
  if (search === undefined) {
    yield* lines;
    return;
  }
  const wanted = search.toLowerCase();
  const last = new Map<string, LogLine[]>();
  for await (const line of lines) {
    if (!line.text.toLowerCase().includes(wanted)) continue;
    if (follow) {
      yield line;
      continue;
    }
    const key = `${line.instance} ${line.stream}`;
    const kept = last.get(key) ?? [];
    kept.push(line);
    if (kept.length > tail) kept.shift();
    last.set(key, kept);
  }
  for (const kept of last.values()) yield* kept;
}

function searchOption(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new Refusal(EXIT.usage, "--search: a text to look for");
}

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
