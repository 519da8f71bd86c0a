import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allProducts,
  labelsOf,
  PRODUCT_FILES,
  productNamed,
  productOf,
  productsExporting,
  renamed,
  renaming,
} from "./metrics.ts";
import { isMetricType } from "./product.ts";

/** Lines as the programs print them; which program and version: the `sources` of each product. */
const SCRAPED: Readonly<Record<string, readonly string[]>> = {
  "node-exporter": ['node_cpu_seconds_total{cpu="0",mode="idle"} 6319.17', "node_load1 0.5"],
  "mysqld-exporter": ["mysql_global_status_threads_connected 1", "mysql_up 1"],
  "postgres-exporter": [
    'pg_stat_activity_count{datname="postgres",server="127.0.0.1:25432",state="active"} 1',
  ],
  "redis-exporter": ['redis_db_keys{db="db0"} 2', "redis_memory_used_bytes 1.04e+06"],
  "blackbox-exporter": ['probe_http_duration_seconds{phase="connect"} 0.000120259'],
  "nginx-exporter": ["nginx_http_requests_total 2"],
  haproxy: ['haproxy_backend_http_responses_total{proxy="b",code="1xx"} 0'],
  rabbitmq: ['rabbitmq_detailed_queue_messages_ready{vhost="/",queue="q1"} 1'],
  prometheus: [
    'prometheus_engine_query_duration_seconds{slice="inner_eval",quantile="0.5"} 1.5433e-05',
    'prometheus_remote_storage_sent_batch_duration_seconds_bucket{remote_name="a",le="1"} 4',
    "go_goroutines 40",
  ],
  "spring-boot": [
    'http_server_requests_active_seconds_active_count{exception="none",method="GET",uri="/x"} 1.0',
    'jvm_memory_used_bytes{area="heap",id="G1 Old Gen"} 3.17696E7',
    'jvm_threads_states_threads{state="timed-waiting"} 4.0',
    "jvm_gc_memory_promoted_bytes_total 0.0",
    'jvm_info{runtime="OpenJDK Runtime Environment",vendor="Amazon.com Inc.",version="17"} 1.0',
    'jvm_memory_usage_after_gc_percent{area="heap",pool="long-lived"} 0.0073',
    "jvm_classes_loaded_classes 15070.0",
    'logback_events_total{level="error"} 0.0',
    "tomcat_sessions_rejected_sessions_total 0.0",
    'hikaricp_connections_usage_seconds_max{pool="HikariPool-1"} 0.0',
    'jdbc_connections_max{name="dataSource"} 10.0',
    'disk_free_bytes{path="/app/."} 1.49671944192E11',
    'application_ready_time_seconds{main_application_class="x.Application"} 5.447',
    "system_load_average_1m 1.568359375",
  ],
  "node-client": ["nodejs_eventloop_lag_p99_seconds 0.011182079"],
};

test("a product exports each series that its program was seen to print, with those labels", () => {
  for (const [name, lines] of Object.entries(SCRAPED)) {
    const product = productNamed(name);
    assert.ok(product, name);
    for (const line of lines) {
      const [metric = ""] = line.split(/[{ ]/u);
      assert.ok(product.exports(metric), `${name} exports ${metric}`);
      for (const [, label = ""] of line.matchAll(/(\w+)="/gu)) {
        assert.equal(product.hasLabel(metric, label), true, `${name}: ${metric} has ${label}`);
      }
    }
  }
});

test("a name close to a real one is not exported, and the product would list it", () => {
  const wrong = {
    "nginx-exporter": "nginx_http_requests_by_status_total",
    "spring-boot": "jvm_memory_bytes_used",
    cadvisor: "container_cpu_usage_seconds",
  };
  assert.equal(productNamed("nginx-exporter")?.exports(wrong["nginx-exporter"]), false);
  assert.equal(productNamed("nginx-exporter")?.owns(wrong["nginx-exporter"]), true);
  assert.equal(productNamed("spring-boot")?.exports(wrong["spring-boot"]), false);
  assert.equal(productNamed("spring-boot")?.owns(wrong["spring-boot"]), true);
  assert.equal(productNamed("cadvisor")?.exports(wrong.cadvisor), false);
  assert.equal(productNamed("cadvisor")?.owns("orders_total"), false);
});

test("a label the series never carries is known to be absent, an unknown one is not", () => {
  const nginx = productNamed("nginx-exporter");
  assert.equal(nginx?.hasLabel("nginx_http_requests_total", "status"), false);
  assert.equal(productNamed("cadvisor")?.hasLabel("container_last_seen", "pod"), false);
  assert.equal(productNamed("kubelet-cadvisor")?.hasLabel("container_last_seen", "pod"), true);
  assert.equal(
    productNamed("cadvisor")?.hasLabel("container_last_seen", "container_label_x"),
    true,
  );
  assert.equal(productNamed("spring-boot")?.hasLabel("hibernate_flushes_total", "x"), undefined);
  assert.deepEqual(labelsOf("node-exporter", "node_cpu_seconds_total"), ["cpu", "mode"]);
  assert.equal(labelsOf("node-exporter", "no_such_metric"), undefined);
  assert.equal(labelsOf("no-such-product", "up"), undefined);
});

test("a family answers under the names its type gives it, and under no other", () => {
  const boot = productNamed("spring-boot");
  for (const suffix of ["_count", "_sum", "_max", "_bucket"]) {
    assert.ok(boot?.exports(`http_server_requests_seconds${suffix}`), suffix);
  }
  assert.equal(boot?.exports("http_server_requests_total"), false);
  assert.match(boot?.optIn("http_server_requests_seconds_bucket") ?? "", /percentiles-histogram/u);
  assert.equal(boot?.optIn("http_server_requests_seconds_count"), undefined);
  assert.equal(boot?.hasLabel("http_server_requests_seconds_bucket", "le"), true);
  assert.equal(boot?.hasLabel("http_server_requests_seconds_count", "le"), false);
  const node = productNamed("node-exporter");
  assert.equal(node?.exports("node_load1_bucket"), false);
  assert.equal(node?.optIn("node_systemd_unit_state"), "--collector.systemd");
});

test("products are found by the series they can export", () => {
  assert.deepEqual(productsExporting("node_cpu_seconds_total"), ["node-exporter"]);
  assert.deepEqual(productsExporting("up"), ["prometheus-scrape"]);
  assert.deepEqual(productsExporting("orders_created_total"), []);
  assert.equal(productNamed("vllm")?.exports("http_requests_total"), true);
  assert.deepEqual(productsExporting("http_requests_total"), [], "many others have it too");
  assert.ok(productsExporting("go_goroutines").includes("prometheus"));
});

test("old and invented names have their right one", () => {
  assert.equal(renamed("node_cpu"), "node_cpu_seconds_total");
  assert.equal(renamed("jvm_memory_bytes_used"), "jvm_memory_used_bytes");
  assert.deepEqual(renaming("http_server_requests_total"), {
    to: "http_server_requests_seconds_count",
    since: "never",
    product: "spring-boot",
  });
  assert.equal(
    productNamed("spring-boot")?.renamed("jvm_memory_bytes_used"),
    renamed("jvm_memory_bytes_used"),
  );
  assert.equal(renamed("node_cpu_seconds_total"), undefined);
});

test("a target is recognised by path, image, name or port, and otherwise not at all", () => {
  assert.equal(
    productOf({ image: "quay.io/prometheus/node-exporter:v1.8.0" })?.name,
    "node-exporter",
  );
  assert.equal(productOf({ image: "prom/mysqld-exporter" })?.name, "mysqld-exporter");
  assert.equal(
    productOf({ image: "gcr.io/cadvisor/cadvisor:v0.49.1", port: 8080 })?.name,
    "cadvisor",
  );
  assert.equal(productOf({ name: "Node_Exporter-1" })?.name, "node-exporter");
  assert.equal(productOf({ port: 9104 })?.name, "mysqld-exporter");
  assert.equal(productOf({ name: "orders", path: "/actuator/prometheus" })?.name, "spring-boot");
  assert.equal(productOf({ image: "registry.example/team/app:1", port: 9100 }), undefined);
  assert.equal(productOf({ name: "orders", port: 9100 }), undefined);
  assert.equal(productOf({ port: 8080 }), undefined);
  assert.equal(productOf({}), undefined);
});

test("what has to be switched on is an option that can be searched for", () => {
  for (const file of PRODUCT_FILES) {
    for (const row of file.metrics) {
      const [, when] = row.split(" when ");
      if (when !== undefined) assert.match(when, /^(?:--?[a-z]|[a-z]+\.[a-z])/u, row);
    }
  }
});

test("every product has sources, rows that parse, and includes that exist and end", () => {
  for (const file of PRODUCT_FILES) {
    assert.ok(file.sources.length > 0 && file.sources.every((source) => source.length > 10));
    for (const row of [...file.metrics, ...(file.common ?? [])]) {
      const [name = "", type = ""] = row.split(" ");
      assert.match(name, /^[a-zA-Z_:][\w:]*\*?$/u, `${file.name}: ${row}`);
      assert.ok(isMetricType(type), `${file.name}: ${row}`);
    }
    for (const row of file.renamed ?? []) assert.equal(row.split(" ").length, 3, row);
    for (const parent of file.includes ?? []) {
      const included = PRODUCT_FILES.find(({ name }) => name === parent);
      assert.ok(included, `${file.name} includes ${parent}`);
      assert.equal(included.includes, undefined, "one level, so that no look-up can circle");
    }
  }
  assert.equal(new Set(allProducts().map(({ name }) => name)).size, PRODUCT_FILES.length);
});

test("what a product says its old names are called now is a name it exports", () => {
  for (const file of PRODUCT_FILES) {
    const product = productNamed(file.name);
    for (const row of file.renamed ?? []) {
      const [from = "", to = ""] = row.split(" ");
      assert.ok(product?.exports(to), `${file.name}: ${from} → ${to}`);
    }
  }
});
