import alertmanager from "./products/alertmanager.json" with { type: "json" };
import apacheExporter from "./products/apache-exporter.json" with { type: "json" };
import blackboxExporter from "./products/blackbox-exporter.json" with { type: "json" };
import caddy from "./products/caddy.json" with { type: "json" };
import cadvisor from "./products/cadvisor.json" with { type: "json" };
import etcd from "./products/etcd.json" with { type: "json" };
import goClient from "./products/go-client.json" with { type: "json" };
import haproxy from "./products/haproxy.json" with { type: "json" };
import haproxyExporter from "./products/haproxy-exporter.json" with { type: "json" };
import javaClient from "./products/java-client.json" with { type: "json" };
import jmxExporter from "./products/jmx-exporter.json" with { type: "json" };
import kafkaExporter from "./products/kafka-exporter.json" with { type: "json" };
import kubeStateMetrics from "./products/kube-state-metrics.json" with { type: "json" };
import kubeletCadvisor from "./products/kubelet-cadvisor.json" with { type: "json" };
import micrometer from "./products/micrometer.json" with { type: "json" };
import mysqldExporter from "./products/mysqld-exporter.json" with { type: "json" };
import nginxExporter from "./products/nginx-exporter.json" with { type: "json" };
import nodeClient from "./products/node-client.json" with { type: "json" };
import nodeExporter from "./products/node-exporter.json" with { type: "json" };
import postgresExporter from "./products/postgres-exporter.json" with { type: "json" };
import processExporter from "./products/process-exporter.json" with { type: "json" };
import prometheus from "./products/prometheus.json" with { type: "json" };
import prometheusScrape from "./products/prometheus-scrape.json" with { type: "json" };
import pushgateway from "./products/pushgateway.json" with { type: "json" };
import pythonClient from "./products/python-client.json" with { type: "json" };
import rabbitmq from "./products/rabbitmq.json" with { type: "json" };
import redisExporter from "./products/redis-exporter.json" with { type: "json" };
import springBoot from "./products/spring-boot.json" with { type: "json" };
import type { ProductFile } from "./product.ts";

/** Every file of `products/`, in the order of their names. */
export const PRODUCT_FILES: readonly ProductFile[] = [
  alertmanager,
  apacheExporter,
  blackboxExporter,
  caddy,
  cadvisor,
  etcd,
  goClient,
  haproxy,
  haproxyExporter,
  javaClient,
  jmxExporter,
  kafkaExporter,
  kubeStateMetrics,
  kubeletCadvisor,
  micrometer,
  mysqldExporter,
  nginxExporter,
  nodeClient,
  nodeExporter,
  postgresExporter,
  processExporter,
  prometheus,
  prometheusScrape,
  pushgateway,
  pythonClient,
  rabbitmq,
  redisExporter,
  springBoot,
];
