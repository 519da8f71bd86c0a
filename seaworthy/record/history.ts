import type { Event, Outcome } from "./event.ts";
import type { JournalEntry, JournalledChange } from "./journal.ts";

/** One operation, as the record knows it. */
export interface PastOperation {
  readonly operation: string;
  readonly verb: string;
  /** RFC 3339: when it began; of a drill, when it was first heard of. */
  readonly at: string;
  /** `open`: it never ended here; the next one finishes or reverses it. */
  readonly outcome: Outcome | "open";
  readonly because: string;
  readonly tookMs: number | undefined;
  readonly changes: readonly JournalledChange[];
}

/** Oldest first. Journal and events each know what the other may have lost. */
export function historyOf(
  journal: readonly JournalEntry[],
  events: readonly Event[],
): readonly PastOperation[] {
  const found = new Map<string, PastOperation>();
  const put = (operation: string, change: Partial<PastOperation>, first: PastOperation): void => {
    found.set(operation, { ...(found.get(operation) ?? first), ...change });
  };
  for (const entry of journal) {
    const { operation } = entry;
    if (entry.entry === "begin") {
      const { verb, at, changes } = entry;
      put(operation, { verb, at, changes }, fresh(operation, { verb, at }));
    }
    if (entry.entry === "end") {
      const { at, outcome, because } = entry;
      put(operation, { outcome, because }, fresh(operation, { verb: verbOf(operation), at }));
    }
  }
  for (const event of events) {
    const { operation, at } = event;
    const first = fresh(operation, { verb: verbOf(operation), at });
    if (event.kind === "operation-started") put(operation, { verb: event.verb }, first);
    if (event.kind === "drill" && !found.has(operation)) put(operation, {}, first);
    if (event.kind === "drill" && event.phase === "verdict") {
      put(operation, { outcome: "done", because: verdictsOf(found.get(operation), event) }, first);
    }
    if (event.kind !== "operation-ended") continue;
    const { outcome, because, tookMs } = event;
    put(operation, { outcome, because, tookMs }, first);
  }
  return [...found.values()].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function fresh(
  operation: string,
  { verb, at }: { readonly verb: string; readonly at: string },
): PastOperation {
  return {
    ...{ operation, verb, at, outcome: "open", because: "" },
    ...{ tookMs: undefined, changes: [] },
  };
}

/** `deploy-3f2a` is a deploy. */
function verbOf(operation: string): string {
  return operation.replace(/-[0-9a-f]+$/, "");
}

/** What a drill found, one verdict after the other. */
function verdictsOf(
  known: PastOperation | undefined,
  { drill, detail }: Extract<Event, { readonly kind: "drill" }>,
): string {
  const verdict = `${drill} ${detail}`;
  return known === undefined || known.because === "" ? verdict : `${known.because}; ${verdict}`;
}
