import { imageFacts } from "../../../catalogues/images/images.ts";
import { dockerfileOf } from "../../../facts/containers/compose-build.ts";
import { stagesTo, type Stage } from "../../../facts/containers/dockerfile.ts";
import type { Component, MountFact } from "../../../facts/fact.ts";
import { baseName, folderOf, joinPath } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isForProduction, listed, pathOf, placesOf } from "./intent.ts";
import { podsThatCannotWrite } from "./pods-that-cannot-write.ts";
import { commandText, serversOf } from "./stores.ts";

export const volumeNotWritable: FileRule = {
  name: "volume-not-writable",
  summary: "a program may not write (or read) where it is told to",
  check: (unit) => [
    ...unit.facts.of("component").flatMap((component) => ofComponent(unit, component)),
    ...logFolders(unit),
    ...podsThatCannotWrite(unit),
  ],
};

interface Closed {
  readonly mount: MountFact;
  readonly because: "volume" | "folder";
}

function ofComponent(unit: Unit, component: Component): readonly Found[] {
  if (component.platform === "kubernetes") return [];
  const user = userOf(unit, component);
  if (user === undefined) return [];
  const closed = component.mounts.flatMap((mount) => {
    const because = closedBecause(unit, component, mount);
    return because === undefined ? [] : [{ mount, because }];
  });
  const [first, ...rest] = closed;
  if (first === undefined) return [];
  const targets = listed(closed.map(({ mount }) => mount.target));
  return [
    {
      severity: isForProduction(unit, first.mount.at) ? "warning" : "note",
      message: `${component.name} runs as ${user.name} and may not write to ${targets}`,
      places: placesOf(first.mount.at, [
        ...rest.map(({ mount }) => mount.at),
        ...(user.at === undefined ? [] : [user.at]),
      ]),
      why:
        `the engine creates what is missing as root:root, so the program gets "Permission ` +
        `denied": ` +
        "it ends at its start, or goes on without its logs and its state",
      fix: fixFor(first, user.name),
    },
  ];
}

function fixFor({ mount, because }: Closed, user: string): string {
  const path = because === "volume" ? mount.target : (mount.source ?? "");
  const make = `mkdir -p ${path} && chown ${user} ${path}`;
  return because === "volume"
    ? `in the Dockerfile, before USER: RUN ${make}`
    : `${make} before the first start, or a named volume`;
}

interface User {
  readonly name: string;
  readonly at: Component["at"] | undefined;
}

/** Who the process is, where that is surely not root. */
function userOf(unit: Unit, component: Component): User | undefined {
  const { user, image, build } = component;
  if (user !== undefined) {
    const name = user.value.split(":", 1)[0] ?? "";
    return /^(?:0|root|)$|\$/.test(name) ? undefined : { name, at: user.at };
  }
  if (build !== undefined || image === undefined || image.value.includes("$")) return undefined;
  const uid = imageFacts(image.value)?.uid;
  return uid === undefined || uid === 0 ? undefined : { name: String(uid), at: image.at };
}

function closedBecause(
  unit: Unit,
  component: Component,
  mount: MountFact,
): Closed["because"] | undefined {
  if (mount.readOnly) return undefined;
  const dockerfile = dockerfileOf(component, unit.repository.documents);
  if (mount.type === "volume" && mount.source !== undefined) {
    // A volume takes over owner and mode of the image's folder, so only a missing one is root's.
    const chain =
      dockerfile === undefined ? undefined : stagesTo(dockerfile, component.build?.value.target);
    if (chain === undefined || isPrepared(chain, mount.target)) return undefined;
    return isFilledByOthers(unit, component, mount) ? undefined : "volume";
  }
  const isState = WRITTEN.test(mount.target) && !mount.target.startsWith("/etc/");
  return mount.type === "bind" && isState && isMadeByEngine(unit, mount) ? "folder" : undefined;
}

/** Folders that programs write to; settings and sources are often mounted without `ro`. */
const WRITTEN = new RegExp(
  "(?:^|[/_-])(?:logs?|data|db|store|storage|state|uploads?|media|cache|spool|tmp|backups?|" +
    "files|output|work|var/lib|var/log|prometheus|grafana|loki)(?:$|[/_-])",
  "i",
);

/** Something in the image creates the folder, or copies to it, or declares it. */
function isPrepared(chain: readonly Stage[], target: string): boolean {
  const base = imageFacts(chain[0]?.from.value ?? "");
  // What an unknown base has, nobody knows.
  if (base === undefined) return true;
  const name = baseName(target.replace(/\/+$/, ""));
  return chain
    .flatMap(({ instructions }) => instructions)
    .some(({ keyword, text }) => {
      if (!["RUN", "COPY", "ADD", "VOLUME", "WORKDIR"].includes(keyword)) return false;
      if (text.includes(target)) return true;
      return keyword === "RUN" && /\b(?:mkdir|install|chown)\b/.test(text) && hasWord(text, name);
    });
}

function hasWord(text: string, name: string): boolean {
  return text.split(/[\s/,{}"';&|]+/).includes(name);
}

/** A service that runs as root and mounts the same volume may set its owner. */
function isFilledByOthers(unit: Unit, component: Component, mount: MountFact): boolean {
  return unit.facts
    .of("component")
    .some(
      (other) =>
        other.name !== component.name &&
        other.mounts.some(({ type, source }) => type === "volume" && source === mount.source) &&
        /chown|chmod/.test(commandText(other)),
    );
}

/** A relative folder that the tree does not have: the engine makes it at the first start. */
function isMadeByEngine(unit: Unit, { at, source = "" }: MountFact): boolean {
  const { tree } = unit.documents;
  if (!/^\.\.?\//.test(source) || /[$*]/.test(source) || /\.\w{1,8}$/.test(source)) return false;
  const path = joinPath(folderOf(pathOf(at)), source);
  if (path === undefined || path === "" || tree.has(path)) return false;
  const name = baseName(path);
  return !tree.files.some(
    ({ path: other, text }) =>
      other !== tree.guide && /\b(?:mkdir|chown|install -d)\b/.test(text) && hasWord(text, name),
  );
}

/** Folders for logs that official images do not have. (docker-library/redis, valkey-container) */
function logFolders(unit: Unit): readonly Found[] {
  return serversOf(unit).flatMap(({ component, facts }): readonly Found[] => {
    const text = commandText(component);
    if (facts.store !== "redis" || component.command === undefined) return [];
    const file = /--logfile\s+["']?(\/var\/log\/[\w.-]+\/)[\w.-]+/.exec(text);
    const folder = file?.[1];
    if (folder === undefined || text.includes("mkdir")) return [];
    const isMounted = component.mounts.some(({ target }) => `${target}/`.startsWith(folder));
    if (isMounted) return [];
    return [
      {
        severity: isForProduction(unit, component.at) ? "error" : "note",
        message: `${component.name} logs to ${folder}, which is not in its image`,
        places: [component.command.at],
        why:
          "the server ends at its start with \"Can't open the log file: No such file or " +
          'directory"',
        fix: "leave --logfile out: Redis then logs to stdout, where docker logs and shippers read",
      },
    ];
  });
}
