import type { Artefact, BuiltImage, Call, Component, Fact, Schedule, Step } from "../fact.ts";
import type { Location } from "../source.ts";
import { actsOf } from "./acts.ts";
import { callsOf } from "./calls.ts";
import { longestGapMs, type CronEntry } from "./crontab.ts";
import { runComponent } from "./docker-run.ts";
import { dockerVerb, invocationOf, optionOf } from "./invocation.ts";
import type { Shell, ShellCommand } from "./shell.ts";

/** Where shell text stands: whose it is, and where its lines really are. */
interface Standing {
  /** Path of the script or pipeline. */
  readonly script: string;
  readonly place: (line: number) => Location;
  readonly by: BuiltImage["by"];
}

/** What a shell text says, wherever it stands: a script, a pipeline's step, a pod's `sh -c`. */
export function shellFacts(shell: Shell, standing: Standing): readonly Fact[] {
  return [
    ...shell.commands.flatMap((command) => commandFacts(command, standing)),
    ...artefactsOf(shell, standing),
  ];
}

export function scheduleFacts(
  entries: readonly CronEntry[],
  place: (line: number) => Location,
): readonly Schedule[] {
  return entries.map(({ line, cron, command }) => {
    const everyMs = longestGapMs(cron);
    const gap = everyMs === undefined ? {} : { everyMs };
    return { kind: "schedule", at: place(line), cron, command, ...gap };
  });
}

function commandFacts(command: ShellCommand, standing: Standing): readonly Fact[] {
  if (command.words.length === 0) return [];
  const { script, place, by } = standing;
  const at = place(command.line);
  const within = command.within === undefined ? {} : { within: command.within };
  const { words, expanded } = command;
  const step: Step = { kind: "step", at, script, ...within, words, expanded };
  const calls = callsOf(command).map((call): Call => ({ kind: "call", at, ...call }));
  const images = imagesOf(expanded).map(
    ({ act, image }): BuiltImage => ({ kind: "built-image", at, act, image, by }),
  );
  const components = command.each.flatMap((each): readonly Component[] => runComponent(each, at));
  return [step, ...calls, ...images, ...components];
}

function artefactsOf(shell: Shell, { script, place }: Standing): readonly Artefact[] {
  return actsOf(shell).map(({ act, command, pattern, content, sources }) => {
    const held = content === "files" && sources.length > 0 ? `files:${sources.join(",")}` : content;
    const known = held === undefined ? {} : { content: held };
    return { kind: "artefact", at: place(command.line), script, act, pattern, ...known };
  });
}

function imagesOf(
  expanded: readonly string[],
): readonly { readonly act: "build" | "push"; readonly image: string }[] {
  const run = invocationOf(expanded);
  if (run === undefined || run.place.type === "container") return [];
  const docker = dockerVerb([run.program, ...run.args]);
  if (docker?.engine !== "docker") return [];
  const [verb, ...args] = docker.rest;
  if (verb === "push") {
    const image = args.find((word) => !word.startsWith("-"));
    return image === undefined ? [] : [{ act: "push", image }];
  }
  if (verb === "tag") {
    const [, image] = args;
    return image === undefined ? [] : [{ act: "build", image }];
  }
  if (verb !== "build" && !(verb === "buildx" && args.includes("build"))) return [];
  const image = optionOf(args, "-t", "--tag");
  if (image === undefined) return [];
  return args.includes("--push")
    ? [
        { act: "build", image },
        { act: "push", image },
      ]
    : [{ act: "build", image }];
}
