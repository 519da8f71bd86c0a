import { componentsOf, composeProjects } from "../../../facts/containers/compose-projects.ts";
import type { Component } from "../../../facts/fact.ts";
import { at, type Located, type Location, type Tree } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import { remembered } from "../../../facts/remembered.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isForProduction, isRehearsal, listed, pathOf, placesOf } from "./intent.ts";
import { quarterHeaps } from "./quarter-heaps.ts";
import { commandText, mountedFiles, serverOf } from "./stores.ts";

export const memoryBudgetMismatch: FileRule = {
  name: "memory-budget-mismatch",
  summary: "a program is told to use as much memory as its container may have, or more",
  check: (unit) => {
    // What overlays change, they may change only for some: the base has to be right by itself.
    const bases = composeProjects(unit.documents)
      .filter(({ overlays }) => overlays.length > 0)
      .flatMap(({ base }) => componentsOf({ base, overlays: [] }, unit.documents));
    const components = unit.facts.of("component");
    const exceeding = [
      ...[...components, ...bases].flatMap((one) => exceedingIn(unit, one, demandsOf(unit, one))),
      ...components.flatMap((one) => exceedingIn(unit, one, shellHeaps(unit, one))),
    ];
    return [...groupsOf(exceeding).flatMap((group) => found(group)), ...quarterHeaps(unit)];
  },
};

/** The same fault of several services of one file is one finding. */
function groupsOf(all: readonly Exceeding[]): readonly (readonly Exceeding[])[] {
  const groups = new Map<string, Exceeding[]>();
  for (const one of all) {
    const key = `${pathOf(one.demand.at)}|${one.demand.said}|${one.limit.value}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** What a program will take by its own settings. */
interface Demand {
  readonly at: Location;
  readonly bytes: number;
  /** `-Xmx2g`, `innodb_buffer_pool_size 1G + 1000 connections`. */
  readonly said: string;
  readonly room: string;
  /** The part of the limit that this demand may take. */
  readonly share: number;
}

function demandsOf(unit: Unit, component: Component): readonly Demand[] {
  return [
    ...heapOf(component),
    ...nodeHeapOf(component),
    ...mysqlOf(unit, component),
    ...redisOf(unit, component),
  ];
}

function exceedingIn(
  unit: Unit,
  component: Component,
  demands: readonly Demand[],
): readonly Exceeding[] {
  const limit = component.memoryLimitBytes;
  if (limit === undefined || limit.value <= 0) return [];
  return demands
    .filter((demand) => isTooMuch(demand, limit.value))
    .map((demand) => ({ unit, component, demand, limit }));
}

/** Above its share, and less than a gibibyte left: large limits have room in a small share. */
function isTooMuch({ bytes, share }: Demand, limit: number): boolean {
  return bytes >= limit * share && limit - bytes < GIB;
}

interface Exceeding {
  readonly unit: Unit;
  readonly component: Component;
  readonly demand: Demand;
  readonly limit: Located<number>;
}

function found(group: readonly Exceeding[]): readonly Found[] {
  const [first] = group;
  return first === undefined ? [] : [foundOf(first, group)];
}

function foundOf(
  { unit, component, demand, limit }: Exceeding,
  group: readonly Exceeding[],
): Found {
  const fits = Math.floor((limit.value * Math.min(0.7, demand.share - 0.05)) / MIB);
  return {
    severity: isForProduction(unit, component.at) ? "warning" : "note",
    message:
      `${listed(group.map((one) => one.component.name))}: ${demand.said} in a ` +
      `container of ${named(limit.value)}`,
    places: placesOf(
      demand.at,
      group.flatMap((one) => [one.limit.at, one.demand.at]),
    ),
    why:
      `${demand.room}: under load the kernel kills the process (exit code 137) in the middle of ` +
      "its requests, again and again, and its own log says nothing",
    fix: `give it at most ${fits}m, or raise the limit to ${named(Math.ceil(demand.bytes / 0.7))}`,
  };
}

function named(bytes: number): string {
  const gib = bytes / GIB;
  return gib >= 1 ? `${Math.round(gib * 10) / 10}G` : `${Math.round(bytes / MIB)}M`;
}

const FACTORS: Readonly<Record<string, number>> = { k: 1024, m: MIB, g: GIB, t: 1024 * GIB };

function sizeOf(digits: string, unit: string | undefined): number {
  return Number(digits) * (FACTORS[(unit ?? "").toLowerCase()] ?? 1);
}

const HEAP = /-Xmx(\d{1,12})([kmgt]?)\b/i;
const BEYOND = "a JVM needs a fifth to a third beyond its heap (threads, metaspace, buffers)";
const HEAP_SHARE = 0.8;

function heapOf(component: Component): readonly Demand[] {
  const texts: readonly Located<string>[] = [
    ...[...component.environment.values()].flatMap(({ value, at: place }) =>
      value === undefined ? [] : [{ value, at: place }],
    ),
    ...(component.command === undefined
      ? []
      : [{ value: commandText(component), at: component.command.at }]),
  ];
  return texts.flatMap(({ value, at: place }) => heapIn(value, place) ?? []).slice(0, 1);
}

function heapIn(text: string, place: Location): Demand | undefined {
  const [said, digits = "", unit] = HEAP.exec(text) ?? [];
  if (said === undefined) return undefined;
  return { at: place, bytes: sizeOf(digits, unit), said, room: BEYOND, share: HEAP_SHARE };
}

const OPTIONS = /^\s*(?:export\s+)?((?:[A-Z_]*JAVA|JDK|JVM|CATALINA)[A-Z_]*(?:OPTS|OPTIONS|ARGS))=/;
/** A value in quotes may go over so many lines. */
const VALUE_LINES_MAX = 30;

interface NamedHeap {
  readonly variable: string;
  readonly demand: Demand;
}

/** Options of the JVM that a script or a snippet sets for whoever is given the same variable. */
function shellHeaps(unit: Unit, component: Component): readonly Demand[] {
  return heapsInShell(unit.documents.tree).flatMap(({ variable, demand }) =>
    component.environment.has(variable) ? [demand] : [],
  );
}

const heapsInShell = remembered((tree: Tree): readonly NamedHeap[] =>
  tree.files.flatMap((file) => {
    if (!/\.(?:sh|bash|env)$|(?:^|\/)\.env/.test(file.path) || isRehearsal(file.path)) return [];
    if (!file.text.includes("-Xmx")) return [];
    const lines = file.text.split("\n", 5_000);
    return lines.flatMap((line, index): readonly NamedHeap[] => {
      const variable = OPTIONS.exec(line.slice(0, 200))?.[1];
      if (variable === undefined) return [];
      const value = lines.slice(index, index + VALUE_LINES_MAX);
      const heap = value.findIndex((part) => HEAP.test(part.slice(0, 2_000)));
      const demand = heapIn((value[heap] ?? "").slice(0, 2_000), at(file, index + heap + 1));
      return demand === undefined ? [] : [{ variable, demand }];
    });
  }),
);

function nodeHeapOf(component: Component): readonly Demand[] {
  const option = component.environment.get("NODE_OPTIONS");
  const text = `${option?.value ?? ""} ${commandText(component)}`;
  const [said, digits = ""] = /--max[-_]old[-_]space[-_]size=(\d{1,9})/.exec(text) ?? [];
  const place = option?.value?.includes("space") === true ? option.at : component.command?.at;
  if (said === undefined || place === undefined) return [];
  const room = "Node.js needs buffers and code beyond its old space";
  return [{ at: place, bytes: Number(digits) * MIB, said, room, share: 0.9 }];
}

/** A connection's buffers at their defaults, low end. (dev.mysql.com, "How MySQL Uses Memory") */
const CONNECTION_BYTES = MIB;
const MYSQL_BASE_BYTES = 128 * MIB;

function mysqlOf(unit: Unit, component: Component): readonly Demand[] {
  const server = serverOf(component);
  if (server?.facts.store !== "mysql") return [];
  const said = optionsOf(unit, component);
  const pool = said("innodb[-_]buffer[-_]pool[-_]size");
  const connections = said("max[-_]connections");
  if (pool === undefined || connections === undefined) return [];
  const count = Number(connections.value);
  const [, digits = "", suffix] = /^(\d{1,15})([kmgt]?)/i.exec(pool.value) ?? [];
  if (digits === "" || !Number.isInteger(count)) return [];
  const bytes = sizeOf(digits, suffix) + count * CONNECTION_BYTES + MYSQL_BASE_BYTES;
  return [
    {
      at: pool.at,
      bytes,
      said: `a buffer pool of ${pool.value} and ${count} connections (about ${named(bytes)})`,
      room: "each connection takes its own buffers beside the pool",
      share: 1,
    },
  ];
}

type Option = (name: string) => Located<string> | undefined;

/** Options on the command line, then in the option files that are mounted. */
function optionsOf(unit: Unit, component: Component): Option {
  const text = commandText(component);
  return (name) => {
    const given = new RegExp(`(?:^|\\s)--${name}[= ](\\S+)`).exec(text)?.[1];
    if (given !== undefined && component.command !== undefined) {
      return { value: given, at: component.command.at };
    }
    for (const file of mountedFiles(unit, component)) {
      const lines = file.text.split("\n", 5_000);
      const form = new RegExp(`^\\s*${name}\\s*[= ]\\s*(\\S+)`);
      const index = lines.findIndex((line) => line.length < 1_000 && form.test(line));
      const value = form.exec(lines[index] ?? "")?.[1];
      if (value !== undefined) return { value, at: at(file, index + 1) };
    }
    return undefined;
  };
}

function redisOf(unit: Unit, component: Component): readonly Demand[] {
  const server = serverOf(component);
  if (server?.facts.store !== "redis") return [];
  const memory = optionsOf(unit, component)("maxmemory");
  const [, digits = "", suffix] = /^(\d{1,15})([kmg]?)b?$/i.exec(memory?.value ?? "") ?? [];
  if (memory === undefined || digits === "" || Number(digits) === 0) return [];
  return [
    {
      at: memory.at,
      bytes: sizeOf(digits, suffix),
      said: `maxmemory ${memory.value}`,
      room: "fragmentation, clients' buffers and the fork of a save come on top of the data",
      share: 0.9,
    },
  ];
}
