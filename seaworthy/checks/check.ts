import type { Graph } from "../plan/graph.ts";
import type { Finding } from "../system/finding.ts";
import type { Parsed } from "../system/system.ts";

/** All rules over one declaration. */
export function check(_parsed: Parsed, _graph: Graph): readonly Finding[] {
  return [];
}
