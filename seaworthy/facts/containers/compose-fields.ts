import type { EnvironmentEntry, MountFact, PortFact, ProbeFact } from "../fact.ts";
import { entriesAt, itemsAt, nodeAt, textAt, type Node } from "../node.ts";
import type { Located, Location } from "../source.ts";
import { loneVariable } from "./interpolation.ts";
import { durationMs } from "./quantity.ts";
import { shellWords } from "./words.ts";

/** What reading a service needs beside its node. */
export interface Reading {
  readonly place: (line: number) => Location;
  /** Puts in what the tree knows of variables. */
  readonly text: (written: string) => string;
}

/** A range of more ports is a mistake or an attack. */
const PORTS_MAX = 200;

export function portsOf(service: Node, reading: Reading): readonly PortFact[] {
  const ports = itemsAt(service, "ports").flatMap((item) =>
    item.type === "map" ? longPort(item, reading) : shortPorts(scalar(item), item.line, reading),
  );
  const exposed = itemsAt(service, "expose").flatMap((item) =>
    shortPorts(scalar(item), item.line, reading).map(({ at, port, protocol }) => ({
      ...{ at, port, protocol },
    })),
  );
  return [...ports, ...exposed].slice(0, PORTS_MAX);
}

function longPort(item: Node, reading: Reading): readonly PortFact[] {
  const target = reading.text(textAt(item, "target") ?? "");
  const published = reading.text(textAt(item, "published") ?? "");
  const protocol = textAt(item, "protocol") === "udp" ? "udp" : "tcp";
  const address = textAt(item, "host_ip");
  const place = reading.place(item.line);
  const from = firstOf(published, rangeOf(target).length);
  return rangeOf(target).map((port, index) => ({
    at: place,
    port,
    protocol,
    published: {
      ...(address === undefined ? {} : { address: reading.text(address) }),
      ...(from === undefined ? {} : { port: from + index }),
    },
  }));
}

/** `[[address:]published:]port[-to][/protocol]`. */
function shortPorts(written: string, line: number, reading: Reading): readonly PortFact[] {
  const [spec = "", transport] = reading.text(written).split("/");
  const protocol = transport === "udp" ? "udp" : "tcp";
  const [, six, rest = spec] = /^\[([0-9a-f:]+)\]:(.*)$/i.exec(spec) ?? [];
  // A colon inside an unknown `${VAR}` is none of the port's.
  const parts = rest.split(/:(?![^{]*\})/);
  const target = rangeOf(parts.at(-1) ?? "");
  const hostPart = parts.length > 1 ? parts.at(-2) : undefined;
  const address = six ?? (parts.length > 2 ? parts.slice(0, -2).join(":") : undefined);
  const from = firstOf(hostPart ?? "", target.length);
  return target.map((port, index) => ({
    at: reading.place(line),
    port,
    protocol,
    published: {
      ...(address === undefined ? {} : { address }),
      ...(from === undefined ? {} : { port: from + index }),
    },
  }));
}

/** Undefined where the host's range is wider: the engine then chooses one of it. */
function firstOf(published: string, ports: number): number | undefined {
  const range = rangeOf(published);
  return range.length > ports ? undefined : range[0];
}

function rangeOf(text: string): readonly number[] {
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text.trim()) ?? [];
  if (first === "") return [];
  const count = Math.min(PORTS_MAX, Math.max(1, Number(last) - Number(first) + 1));
  return Array.from({ length: count }, (_, index) => Number(first) + index);
}

function scalar(node: Node): string {
  return node.type === "scalar" ? node.text : "";
}

/** Both forms of `environment`, `labels`, `args`: a list of `NAME=value` or a map. */
function pairsOf(node: Node | undefined): readonly (readonly [string, Pair])[] {
  if (node?.type === "map") {
    return [...node.entries].map(([name, { line, node: value }]) => {
      const given = value.type === "scalar" && value.value !== null;
      return [name, { line, ...(given ? { text: value.text } : {}) }];
    });
  }
  return itemsAt(node).flatMap((item) => {
    const [name = "", ...rest] = scalar(item).split("=");
    if (name === "") return [];
    return [[name, { line: item.line, ...(rest.length > 0 ? { text: rest.join("=") } : {}) }]];
  });
}

interface Pair {
  readonly line: number;
  readonly text?: string;
}

export function environmentOf(service: Node, reading: Reading): Map<string, EnvironmentEntry> {
  const out = new Map<string, EnvironmentEntry>();
  for (const [name, { line, text }] of pairsOf(nodeAt(service, "environment"))) {
    const place = reading.place(line);
    const variable = text === undefined ? name : loneVariable(text);
    // A `.env` beside the file may know the value, but that one differs from host to host.
    if (text === undefined || variable !== undefined) {
      out.set(name, { at: place, from: { kind: "shell", name: variable ?? name } });
    } else {
      out.set(name, { at: place, value: reading.text(text) });
    }
  }
  return out;
}

export function labelsOf(service: Node, reading: Reading): Map<string, Located<string>> {
  const pairs = [
    ...pairsOf(nodeAt(service, "labels")),
    ...pairsOf(nodeAt(service, "deploy", "labels")),
  ];
  return new Map(
    pairs.map(([name, { line, text = "" }]) => [
      name,
      { value: reading.text(text), at: reading.place(line) },
    ]),
  );
}

export function mountsOf(service: Node, reading: Reading): readonly MountFact[] {
  const volumes = itemsAt(service, "volumes").flatMap((item) =>
    item.type === "map" ? longMount(item, reading) : shortMount(scalar(item), item.line, reading),
  );
  const tmpfs = nodeAt(service, "tmpfs");
  const temporary = (tmpfs?.type === "scalar" ? [tmpfs] : itemsAt(tmpfs)).map((item): MountFact => {
    const [target = ""] = scalar(item).split(":");
    return { at: reading.place(item.line), type: "tmpfs", target, readOnly: false };
  });
  return [...volumes, ...temporary];
}

function longMount(item: Node, reading: Reading): readonly MountFact[] {
  const target = textAt(item, "target");
  if (target === undefined) return [];
  const type = textAt(item, "type");
  const source = textAt(item, "source");
  return [
    {
      at: reading.place(item.line),
      type: type === "bind" || type === "tmpfs" ? type : "volume",
      ...(source === undefined ? {} : { source: reading.text(source) }),
      target: reading.text(target),
      readOnly: textAt(item, "read_only") === "true",
    },
  ];
}

function shortMount(written: string, line: number, reading: Reading): readonly MountFact[] {
  const parts = reading.text(written).split(/:(?![^{]*\})/);
  const [first = "", second, options = ""] = parts;
  if (first === "") return [];
  const at = reading.place(line);
  if (second === undefined) return [{ at, type: "volume", target: first, readOnly: false }];
  const type = /^(?:[./~$\\]|[A-Za-z]$)/.test(first) ? "bind" : "volume";
  const readOnly = options.split(",").includes("ro");
  return [{ at, type, source: first, target: second, readOnly }];
}

/** `healthcheck.test` as a probe; none when it is switched off or says nothing. */
export function healthOf(service: Node, reading: Reading): readonly ProbeFact[] {
  const check = nodeAt(service, "healthcheck");
  const test = nodeAt(check, "test");
  if (test === undefined || textAt(check, "disable") === "true") return [];
  const command = testCommand(test, reading);
  if (command === undefined) return [];
  const failures = Number(textAt(check, "retries"));
  return [
    {
      at: reading.place(test.line),
      purpose: "health",
      check: { type: "exec", command },
      ...time("periodMs", textAt(check, "interval")),
      ...time("timeoutMs", textAt(check, "timeout")),
      ...time("startPeriodMs", textAt(check, "start_period")),
      ...(Number.isInteger(failures) ? { failures } : {}),
    },
  ];
}

type ProbeTime = "periodMs" | "timeoutMs" | "startPeriodMs";

export function time(
  name: ProbeTime,
  text: string | undefined,
): { readonly [K in ProbeTime]?: number } {
  const ms = text === undefined ? undefined : durationMs(text);
  return ms === undefined ? {} : { [name]: ms };
}

function testCommand(test: Node, reading: Reading): readonly string[] | undefined {
  if (test.type === "scalar") return ["/bin/sh", "-c", reading.text(test.text)];
  const [form, ...words] = itemsAt(test).map((item) => reading.text(scalar(item)));
  if (form === "CMD") return words;
  return form === "CMD-SHELL" ? ["/bin/sh", "-c", words.join(" ")] : undefined;
}

/** `command` or `entrypoint`: a list is words already, a text is split as a shell would. */
export function wordsAt(
  service: Node,
  key: string,
  reading: Reading,
): readonly string[] | undefined {
  const node = nodeAt(service, key);
  if (node?.type === "list") return node.items.map((item) => reading.text(scalar(item)));
  if (node?.type !== "scalar" || node.value === null) return undefined;
  return shellWords(reading.text(node.text));
}

export function entryLines(node: Node | undefined): readonly (readonly [string, number])[] {
  if (node?.type === "map") return entriesAt(node).map(([name, { line }]) => [name, line]);
  return itemsAt(node).map((item) => [scalar(item), item.line]);
}
