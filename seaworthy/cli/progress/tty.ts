import { humanDuration } from "@seaworthy/std/duration";
import type { Event } from "../../record/event.ts";
import type { Step } from "../../record/step.ts";
import type { Terminal } from "../context.ts";
import { painter } from "../paint.ts";
import { progressText, stepSubject } from "./event-text.ts";
import type { Progress } from "./printer.ts";

/**
 * One line an instance, redrawn as its phases pass: `router-4  start ✓ 0.1 s  ready ✓ 1.1 s`.
 * What is no phase of an instance is printed above as a plain line and stays.
 */
export function ttyProgress(terminal: Terminal): Progress {
  const rows = new Map<string, string[]>();
  let drawn = 0;
  const paint = painter(terminal);

  const erase = (): void => {
    if (drawn > 0) terminal.say(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  const draw = (): void => {
    for (const [subject, phases] of rows) {
      terminal.say(`${clip(`${subject}  ${phases.join("  ")}`, terminal.columns)}\n`);
      drawn += 1;
    }
  };
  const settle = (): void => {
    rows.clear();
    drawn = 0;
  };

  return {
    event: (event) => {
      const phase = phaseOf(event);
      erase();
      if (phase === undefined) {
        const text = progressText(event);
        if (text !== undefined) terminal.say(`${paint("dim", text)}\n`);
      } else {
        const phases = rows.get(phase.instance) ?? [];
        const last = phases.findLastIndex((text) => text.startsWith(`${phase.name} `));
        phases[last === -1 ? phases.length : last] = `${phase.name} ${phase.text}`;
        rows.set(phase.instance, phases);
      }
      draw();
      if (event.kind === "operation-ended") settle();
    },
    end: settle,
  };
}

interface Phase {
  readonly instance: string;
  readonly name: string;
  readonly text: string;
}

function phaseOf(event: Event): Phase | undefined {
  if (event.kind !== "step-started" && event.kind !== "step-ended") return undefined;
  const instance = instanceOf(event.step);
  if (instance === undefined) return undefined;
  const name = stepSubject(event.step).slice(instance.length + 1);
  if (event.kind === "step-started") {
    return { instance, name, text: `… (≤ ${humanDuration(event.deadlineMs)})` };
  }
  const mark = event.result.outcome === "done" ? "✓" : "✗";
  return { instance, name, text: `${mark} ${humanDuration(event.tookMs)}` };
}

function instanceOf(step: Step): string | undefined {
  return "instance" in step ? step.instance : undefined;
}

function clip(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(1, columns - 1))}…`;
}
