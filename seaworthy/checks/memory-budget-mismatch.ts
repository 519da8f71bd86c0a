import { formatBytes } from "@seaworthy/std/bytes";
import type { Finding } from "../system/finding.ts";
import type { Service } from "../system/system.ts";
import type { Rule } from "./rule.ts";

/** A heap beside stacks, buffers and code: four fifths of the limit is the most. */
const HEAP_SHARE_MAX = 0.8;
const MIB = 1_048_576;

/** A heap that is allowed to grow beyond what its instance may take. */
export const memoryBudgetMismatch: Rule = {
  name: "memory-budget-mismatch",
  check: ({ parsed }) =>
    Object.values(parsed.system.services).flatMap((service) => {
      const { memoryBytes } = service.resources;
      const heap = heapOf(service);
      if (memoryBytes === undefined || heap === undefined) return [];
      return heap.bytes < memoryBytes * HEAP_SHARE_MAX ? [] : [finding(service, heap, memoryBytes)];
    }),
};

interface Heap {
  readonly bytes: number;
  /** Where it is said: `env.NODE_OPTIONS`. */
  readonly field: string;
}

function finding({ name }: Service, heap: Heap, limitBytes: number): Finding {
  const share = Math.floor(limitBytes * 0.75);
  return {
    rule: "memory-budget-mismatch",
    severity: heap.bytes >= limitBytes ? "error" : "warning",
    message:
      `the heap of \`${name}\` may grow to ${formatBytes(heap.bytes)}, ` +
      `and an instance may take ${formatBytes(limitBytes)}`,
    places: [
      { path: `services.${name}.${heap.field}` },
      { path: `services.${name}.resources.memory` },
    ],
    why: "It is killed for its memory before its own collector sees a reason to work harder.",
    fix: `Limit the heap to three quarters: ${Math.floor(share / MIB)} MiB.`,
  };
}

const VARIABLES = ["NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS"];

function heapOf({ run, env }: Service): Heap | undefined {
  const written = VARIABLES.flatMap((name) => {
    const value = env[name];
    return value?.kind === "text" ? [{ text: value.text, field: `env.${name}` }] : [];
  });
  const command = { text: run.command.join(" "), field: "run.command" };
  return [command, ...written].flatMap(({ text, field }) => {
    const bytes = heapBytes(text);
    return bytes === undefined ? [] : [{ bytes, field }];
  })[0];
}

const UNITS: Readonly<Record<string, number>> = { k: 1_024, m: MIB, g: 1_024 * MIB };

/** Node's `--max-old-space-size` is in MiB; Java's `-Xmx` has a unit, or is in bytes. */
function heapBytes(text: string): number | undefined {
  const [, node] = /--max[-_]old[-_]space[-_]size[= ](\d{1,9})\b/.exec(text) ?? [];
  if (node !== undefined) return Number(node) * MIB;
  const [, java, unit = ""] = /-Xmx(\d{1,15})([kmg]?)\b/i.exec(text) ?? [];
  return java === undefined ? undefined : Number(java) * (UNITS[unit.toLowerCase()] ?? 1);
}
