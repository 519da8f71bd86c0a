import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "./metrics.ts";

test("writes counters and gauges as Prometheus text", () => {
  const metrics = createMetrics();
  const requests = metrics.counter("requests_total", "Requests.");
  let inFlight = 0;
  metrics.gauge("inflight", { help: "At work.", read: () => inFlight });
  requests.add('class="safe"');
  requests.add('class="stream"');
  requests.add('class="safe"');
  inFlight = 7;
  assert.equal(
    metrics.text(),
    `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{class="safe"} 2
requests_total{class="stream"} 1
# HELP inflight At work.
# TYPE inflight gauge
inflight 7
`,
  );
});
