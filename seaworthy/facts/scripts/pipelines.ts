import { invocationOf, optionOf, type Invocation } from "./invocation.ts";
import { patternOf } from "./pattern.ts";
import { shipOf } from "./ships.ts";
import type { Shell, ShellCommand } from "./shell.ts";
import { tarOf } from "./tar.ts";

/** A command and the stages after it in its pipeline, the first of them itself. */
export type Stages = readonly { readonly command: ShellCommand; readonly run: Invocation }[];

/** The pipelines of a script, each as its stages; a lone command is one stage. */
export function pipelinesOf(shell: Shell): readonly Stages[] {
  const pipelines = new Map<number, { command: ShellCommand; run: Invocation }[]>();
  for (const command of shell.commands) {
    const run = invocationOf(command.expanded);
    if (run === undefined) continue;
    const stages = pipelines.get(command.pipe.id);
    if (stages === undefined) pipelines.set(command.pipe.id, [{ command, run }]);
    else stages.push({ command, run });
  }
  return [...pipelines.values()];
}

/** Where what a pipeline prints ends up: a redirect of its last stages, `tee`, `-o`. */
export function sinkOf(stages: Stages): string | undefined {
  for (const { command, run } of [...stages].toReversed()) {
    const file = redirectedTo(command);
    if (file !== undefined) return file;
    const option = sinkOption(run);
    if (option !== undefined) return patternOf(option);
    if (run.program === "tar" && tarOf(run.args).mode === "create") {
      const { archive } = tarOf(run.args);
      if (archive !== undefined && archive !== "-") return patternOf(archive);
    }
    const ship = shipOf(run);
    if (ship !== undefined) return ship;
    const remote = remoteSink(run);
    if (remote !== undefined) return remote;
  }
  // `ssh host 'tar c /data' > file`.
  const carrier = stages[0]?.command.carrier;
  return carrier === undefined ? undefined : redirectedTo(carrier);
}

function redirectedTo({ redirects }: ShellCommand): string | undefined {
  const found = redirects.find(
    ({ operator, descriptor }) => /^&?>[>|]?$/.test(operator) && descriptor !== "2",
  );
  if (found === undefined || found.expanded === "/dev/null") return undefined;
  return patternOf(found.expanded);
}

function sinkOption({ program, args }: Invocation): string | undefined {
  if (program === "tee") return args.find((word) => !word.startsWith("-"));
  if (program === "gpg" || program === "gpg2" || program === "age")
    return optionOf(args, "-o", "--output");
  if (program === "openssl") return optionOf(args, "-out");
  if (program === "zstd" || program === "pv") return optionOf(args, "-o");
  if (program === "split") return args.at(-1) === "-" ? undefined : args.at(-1);
  return undefined;
}

/** `ssh host 'cat > file'`. */
function remoteSink({ place, program, args }: Invocation): string | undefined {
  if (place.type !== "remote") return undefined;
  const text = [program, ...args].join(" ");
  const [, file] = />\s{0,4}([^\s;|&"']{1,300})/.exec(text.slice(0, 1_000)) ?? [];
  return file === undefined ? undefined : patternOf(`${place.host}:${file}`);
}
