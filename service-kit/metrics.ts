/**
 * Counts that a scrape reads as Prometheus text (exposition format 0.0.4). Labels are route
 * templates and members of closed sets, never ids or what a client sent.
 */
export interface Metrics {
  counter(name: string, help: string): Counter;
  /** Read at the moment of the scrape. */
  gauge(name: string, options: { readonly help: string; readonly read: () => number }): void;
  text(): string;
}

export interface Counter {
  /** `labels` is the inside of the braces, ready made: `class="safe",status="200"`. */
  add(labels: string): void;
}

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function createMetrics(): Metrics {
  const writers: (() => string)[] = [];
  return {
    counter: (name, help) => {
      const counts = new Map<string, number>();
      writers.push(() => head(name, help, "counter") + series(name, counts));
      return { add: (labels) => void counts.set(labels, (counts.get(labels) ?? 0) + 1) };
    },
    gauge: (name, { help, read }) => {
      writers.push(() => `${head(name, help, "gauge")}${name} ${read()}\n`);
    },
    text: () => writers.map((write) => write()).join(""),
  };
}

function head(name: string, help: string, kind: "counter" | "gauge"): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
}

function series(name: string, counts: ReadonlyMap<string, number>): string {
  let text = "";
  for (const [labels, count] of counts) text += `${name}{${labels}} ${count}\n`;
  return text;
}
