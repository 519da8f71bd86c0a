import { constants } from "node:os";
import { deadline } from "@seaworthy/std/clock";
import { parseDuration } from "@seaworthy/std/duration";
import { instanceOf, look } from "../chosen-instance.ts";
import { disposable } from "../converge-verb.ts";
import { EXIT } from "../exit.ts";
import { Refusal } from "../failure.ts";
import { openSystem } from "../open-system.ts";
import { openTarget } from "../open-target.ts";
import type { RunVerb } from "../verb.ts";

/** A shell left open over lunch ends; a hung command in CI does too. */
const TIMEOUT = "1h";
const BY_SIGNAL = 128;

/** Runs a program beside an instance; its exit code is ours. */
export const run: RunVerb = async (invocation) => {
  const { context, options } = invocation;
  const system = await openSystem(invocation);
  const [name, program, ...args] = system.rest;
  if (name === undefined || program === undefined) {
    throw new Refusal(EXIT.usage, "exec takes an instance and a command", {
      fix: "for example: seaworthy exec api-2 env",
    });
  }
  if (options.json === true) {
    throw new Refusal(EXIT.usage, "exec has no --json: what it prints is the program's own");
  }
  await using target = disposable(await openTarget(system, context));
  const { instance } = instanceOf(await look(target, context), name);
  if (instance.id !== name && options.quiet !== true) context.terminal.say(`on ${instance.id}\n`);
  const { timeout: given } = options;
  const timeout = parseDuration(typeof given === "string" ? given : TIMEOUT);
  if (!timeout.ok) throw new Refusal(EXIT.usage, `--timeout: ${timeout.error}`);
  const signal = deadline(timeout.value, `${program} on ${instance.id}`, context.interrupts.abort);
  const end = await target.exec(
    { instance: instance.id, command: [program, ...args], streams: [0, 1, 2] },
    signal,
  );
  if (signal.aborted && !context.interrupts.abort.aborted) {
    throw new Refusal(EXIT.error, `${program} had not ended after ${timeout.value / 1_000} s`, {
      fix: "give it longer: --timeout 4h",
    });
  }
  return end.code ?? BY_SIGNAL + numberOf(end.signal);
};

/** As shells say it: 128 and the signal's number (bash(1), EXIT STATUS). */
function numberOf(signal: string | undefined): number {
  const known = Object.entries(constants.signals).find(([name]) => name === signal);
  return known?.[1] ?? 0;
}
