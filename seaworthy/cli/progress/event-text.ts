import { assertNever } from "@seaworthy/std/assert";
import { humanDuration } from "@seaworthy/std/duration";
import { humanPercent } from "@seaworthy/std/ratio";
import type { BakeFigures, Event } from "../../record/event.ts";
import { subjectOf } from "../../record/fault.ts";
import type { Step } from "../../record/step.ts";

/** The ordinary way up and down; the steps' own lines say as much. */
const ORDINARY =
  /^(starting|ready|unready)$|^starting → (unready|ready)$|^unready → ready$|→ stopping$/;

/** What is worth a line while a verb runs: everything but an instance's ordinary changes. */
export function progressText(event: Event): string | undefined {
  if (event.kind === "instance" && ORDINARY.test(event.change)) return undefined;
  return eventText(event);
}

/** One event as one line for a person; undefined where the line would say nothing new. */
export function eventText(event: Event): string | undefined {
  switch (event.kind) {
    case "operation-started":
      return event.plan.length === 0 ? undefined : event.plan.join("\n");
    case "step-started":
      return undefined;
    case "step-ended": {
      const took = humanDuration(event.tookMs);
      if (event.result.outcome === "done") return `${stepSubject(event.step)} ✓ ${took}`;
      return `${stepSubject(event.step)} ✗ ${took}: ${event.result.because}`;
    }
    case "waiting":
      return `${event.on} … ${spent(event)} of ${humanDuration(event.deadlineMs)}`;
    case "bake":
      return bakeText(event);
    case "direction":
      return event.direction === "reverse"
        ? `${event.unit}: going back: ${event.because}`
        : `${event.unit}: ${event.because}`;
    case "instance":
      return `${event.instance} ${event.change}${reason(event.because)}`;
    case "drill":
      return `${event.drill} · ${event.phase}${event.detail === "" ? "" : ` · ${event.detail}`}`;
    case "operation-ended":
      return undefined;
    default:
      return assertNever(event);
  }
}

function bakeText(event: Extract<Event, { kind: "bake" }>): string {
  const share = event.share === undefined ? "" : ` of ${humanPercent(event.share)}`;
  const beside = event.control === undefined ? "" : ` · beside it ${figuresText(event.control)}`;
  return `${event.unit} bake${share} ${spent(event)} · ${figuresText(event)}${beside}`;
}

function figuresText({ requests, errorRatio, p95Ms }: BakeFigures): string {
  const p95 = p95Ms === undefined ? "" : ` · p95 ${humanDuration(p95Ms)}`;
  return `${requests} requests · errors ${humanPercent(errorRatio)}${p95}`;
}

function spent(event: { readonly elapsedMs: number }): string {
  return humanDuration(event.elapsedMs);
}

function reason(because: string | undefined): string {
  return because === undefined ? "" : `: ${because}`;
}

/** `router-4 start`: the instance or unit first, then what is done to it. */
export function stepSubject(step: Step): string {
  switch (step.action) {
    case "start":
      return `${step.instance} start`;
    case "await-ready":
      return `${step.instance} ready`;
    case "switch":
      return `${step.unit} switch → ${step.instances.join(", ") || "none"}`;
    case "isolate":
    case "rejoin":
    case "drain":
      return `${step.instance} ${step.action}`;
    case "stop":
      return `${step.instance} stop`;
    case "run-job":
      return `${step.job} job`;
    case "settle-job":
      return `${step.job} settled as ${step.as}`;
    case "commit":
      return `${step.unit} commit ${step.release}`;
    case "scale-override":
      return `${step.unit} scale ${step.replicas ?? "as declared"}`;
    case "inject":
      return `${subjectOf(step.fault.fault)} ${step.fault.fault.kind}`;
    case "undo":
      return `${subjectOf(step.fault.fault)} undo ${step.fault.fault.kind}`;
    case "remove":
      return `${step.unit} remove`;
    case "delete-volumes":
      return "volumes delete";
    default:
      return assertNever(step);
  }
}
