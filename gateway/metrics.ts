import type { Endpoint } from "./endpoint.ts";
import type { Traffic } from "./traffic.ts";

type Labels = Readonly<Record<string, string | number>>;

/** The Prometheus text format, version 0.0.4. */
export class MetricsText {
  #text = "";

  family(name: string, type: "counter" | "gauge" | "histogram", help: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  sample(name: string, labels: Labels, value: number): void {
    const inside = Object.entries(labels)
      .map(([key, text]) => `${key}="${escapeLabel(String(text))}"`)
      .join(",");
    this.#text += `${name}${inside === "" ? "" : `{${inside}}`} ${value}\n`;
  }

  toString(): string {
    return this.#text;
  }
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

export interface MetricsSource {
  readonly traffic: Traffic;
  readonly endpoints: readonly Endpoint[];
  readonly connections: readonly { readonly listener: string; readonly open: number }[];
}

export function metricsText(source: MetricsSource): string {
  const text = new MetricsText();
  writeTotals(text, source);
  writeEndpoints(text, source.endpoints);
  writeLatency(text, source.endpoints);
  return text.toString();
}

function writeTotals(text: MetricsText, { traffic, connections }: MetricsSource): void {
  const { totals, accessLog } = traffic;
  const single = (name: string, help: string, value: number): void => {
    text.family(name, "counter", help);
    text.sample(name, {}, value);
  };
  single("seaworthy_gateway_requests_total", "Requests read.", totals.requests);
  single(
    "seaworthy_gateway_client_aborts_total",
    "Clients gone before the end.",
    totals.clientAborts,
  );
  single("seaworthy_gateway_cut_total", "Requests ended at a drain deadline.", totals.cut);
  single(
    "seaworthy_gateway_stale_losses_total",
    "Unsafe requests lost on a kept-alive connection that closed as they were written.",
    totals.staleLosses,
  );
  single(
    "seaworthy_gateway_connections_dropped_total",
    "Closed unheard, over a limit.",
    totals.connectionsDropped,
  );
  single(
    "seaworthy_gateway_tls_handshakes_failed_total",
    "TLS handshakes that came to nothing.",
    totals.handshakesFailed,
  );
  single(
    "seaworthy_gateway_rate_shared_total",
    "Clients that took over another's bucket, the table being full.",
    traffic.rates.shared,
  );
  single("seaworthy_gateway_log_lines_dropped_total", "Not written.", accessLog.dropped);
  text.family("seaworthy_gateway_active_requests", "gauge", "Requests under way.");
  text.sample("seaworthy_gateway_active_requests", {}, totals.active);
  text.family("seaworthy_gateway_connections", "gauge", "Open client connections.");
  for (const { listener, open } of connections) {
    text.sample("seaworthy_gateway_connections", { listener }, open);
  }
  writeCounts(text, "status", totals.statuses);
  writeCounts(text, "refusal", totals.refusals);
  writeCounts(text, "reason", totals.connectionsRefused);
  writeCounts(text, "retry", totals.retries);
}

const COUNTED = {
  status: ["seaworthy_gateway_answers_total", "Answers by status."],
  refusal: ["seaworthy_gateway_refusals_total", "Answers of the gateway's own, by code."],
  reason: ["seaworthy_gateway_connections_refused_total", "Turned away, by the limit reached."],
  retry: ["seaworthy_gateway_retries_total", "Tries made again, by why the last one failed."],
} as const;

function writeCounts(
  text: MetricsText,
  label: keyof typeof COUNTED,
  counts: ReadonlyMap<string | number, number>,
): void {
  const [name, help] = COUNTED[label];
  text.family(name, "counter", help);
  for (const [key, count] of counts) text.sample(name, { [label]: key }, count);
}

function writeEndpoints(text: MetricsText, endpoints: readonly Endpoint[]): void {
  text.family("seaworthy_endpoint_requests_total", "counter", "Tries sent to an endpoint.");
  for (const one of endpoints) {
    text.sample("seaworthy_endpoint_requests_total", labelsOf(one), one.requests);
  }
  text.family("seaworthy_endpoint_failed_total", "counter", "Tries that failed or got a 5xx.");
  for (const one of endpoints) {
    for (const [name, count] of Object.entries(one.failed)) {
      text.sample("seaworthy_endpoint_failed_total", { ...labelsOf(one), class: name }, count);
    }
  }
  text.family("seaworthy_endpoint_in_flight", "gauge", "Requests with an endpoint now.");
  for (const one of endpoints) {
    for (const [name, count] of Object.entries(one.inFlightCounts)) {
      text.sample("seaworthy_endpoint_in_flight", { ...labelsOf(one), class: name }, count);
    }
  }
  writeEjections(text, endpoints);
  text.family("seaworthy_endpoint_usable", "gauge", "1: healthy, 0: not, or not yet known.");
  for (const one of endpoints) {
    text.sample("seaworthy_endpoint_usable", labelsOf(one), one.health === "healthy" ? 1 : 0);
  }
}

function writeEjections(text: MetricsText, endpoints: readonly Endpoint[]): void {
  text.family("seaworthy_endpoint_ejected", "gauge", "1: left out for what requests showed.");
  for (const one of endpoints) {
    const isEjected = one.health === "ejected";
    text.sample("seaworthy_endpoint_ejected", labelsOf(one), isEjected ? 1 : 0);
  }
  text.family("seaworthy_endpoint_ejections_total", "counter", "Times it was, by why.");
  for (const one of endpoints) {
    for (const [reason, count] of Object.entries(one.ejections)) {
      text.sample("seaworthy_endpoint_ejections_total", { ...labelsOf(one), reason }, count);
    }
  }
}

function writeLatency(text: MetricsText, endpoints: readonly Endpoint[]): void {
  const name = "seaworthy_endpoint_latency_seconds";
  text.family(name, "histogram", "First byte sent to last byte received; streams left out.");
  for (const one of endpoints) {
    const labels = labelsOf(one);
    let total = 0;
    for (const [index, count] of one.latency.counts.entries()) {
      total += count;
      const bound = one.latency.boundsMs[index];
      const le = bound === undefined ? "+Inf" : bound / 1_000;
      text.sample(`${name}_bucket`, { ...labels, le }, total);
    }
    text.sample(`${name}_sum`, labels, one.latency.sumMs / 1_000);
    text.sample(`${name}_count`, labels, total);
  }
}

function labelsOf(endpoint: Endpoint): Labels {
  return { pool: endpoint.pool, instance: endpoint.id, release: endpoint.config.release };
}
