import type { Fact } from "../fact.ts";
import { at } from "../source.ts";
import type { LogShipperDocument } from "./delivery.ts";

/** `hosts: ["logstash:5044"]`, `hosts => ["elasticsearch:9200"]`, `url: http://loki:3100/…`. */
const ADDRESS =
  /(?:["'[\s]|\/\/)([a-zA-Z][\w-]{1,60}(?:\.[\w-]{1,60}){0,6}):(\d{2,5})(?=["'/\],\s]|$)/g;
const LINE_CHARACTERS_MAX = 2_000;

/** Whom a log shipper sends to. */
export function shipperCalls({ file }: LogShipperDocument): readonly Fact[] {
  return file.text.split("\n").flatMap((line, index) => {
    if (line.length > LINE_CHARACTERS_MAX || !/\b(hosts?|url|endpoint)\b/i.test(line)) return [];
    return [...` ${line}`.matchAll(ADDRESS)].map(
      ([, host = "", port]): Fact => ({
        kind: "call",
        at: at(file, index + 1),
        via: "log-output",
        host,
        port: Number(port),
        scope: "network",
      }),
    );
  });
}
