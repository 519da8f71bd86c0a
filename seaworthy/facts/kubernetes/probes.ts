import type { ProbeFact } from "../fact.ts";
import { entryAt, itemsAt, numberAt, textAt, type Node } from "../node.ts";
import { at, type SourceFile } from "../source.ts";

const PURPOSES = [
  ["livenessProbe", "liveness"],
  ["readinessProbe", "readiness"],
  ["startupProbe", "startup"],
] as const;

/** The probes of a container; a time that is not written is undefined, never the API's default. */
export function probesOf(file: SourceFile, container: Node): readonly ProbeFact[] {
  return PURPOSES.flatMap(([key, purpose]): readonly ProbeFact[] => {
    const entry = entryAt(container, key);
    const check = entry === undefined ? undefined : checkOf(entry.node);
    if (entry === undefined || check === undefined) return [];
    const place = { at: at(file, check.line ?? entry.line), purpose, check: check.check };
    return [{ ...place, ...timesOf(entry.node) }];
  });
}

function checkOf(
  probe: Node,
): { readonly line: number | undefined; readonly check: ProbeFact["check"] } | undefined {
  const http = entryAt(probe, "httpGet");
  if (http !== undefined) {
    const path = textAt(http.node, "path") ?? "/";
    const line = entryAt(http.node, "path")?.line;
    return { line, check: { type: "http", path, ...portOf(http.node) } };
  }
  const dialled = entryAt(probe, "tcpSocket") ?? entryAt(probe, "grpc");
  if (dialled !== undefined) {
    return { line: dialled.line, check: { type: "tcp", ...portOf(dialled.node) } };
  }
  const exec = entryAt(probe, "exec");
  if (exec === undefined) return undefined;
  const command = itemsAt(exec.node, "command").flatMap((word) =>
    word.type === "scalar" ? [word.text] : [],
  );
  return { line: exec.line, check: { type: "exec", command } };
}

function portOf(node: Node): { readonly port?: number | string } {
  const port = numberAt(node, "port") ?? textAt(node, "port");
  return port === undefined ? {} : { port };
}

function timesOf(probe: Node) {
  const delay = numberAt(probe, "initialDelaySeconds");
  const period = numberAt(probe, "periodSeconds");
  const timeout = numberAt(probe, "timeoutSeconds");
  const failures = numberAt(probe, "failureThreshold");
  return {
    ...(delay === undefined ? {} : { initialDelayMs: delay * 1000 }),
    ...(period === undefined ? {} : { periodMs: period * 1000 }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
    ...(failures === undefined ? {} : { failures }),
  };
}
