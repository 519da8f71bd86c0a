import type { Act } from "../../../facts/scripts/acts.ts";
import type { ShellCommand } from "../../../facts/scripts/shell.ts";
import type { Component, MountFact } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { replacedContainer } from "./replaced-containers.ts";
import {
  isBackupScript,
  runsInContainer,
  savesOf,
  scriptsOf,
  shortName,
  type Script,
} from "./scripts-of.ts";
import { isNamed, isWithin } from "./stores.ts";

/** The backup looks where the state is not. */
export const backupPathMismatch: FileRule = {
  name: "backup-path-mismatch",
  summary: "a backup copies a path or container that is not where the state lives",
  check: (unit) => {
    const components = unit.repository.facts.of("component");
    if (components.length === 0) return [];
    return scriptsOf(unit).flatMap((script) => {
      if (!isBackupScript(script)) return [];
      const saves = savesOf(script);
      return [
        ...saves.flatMap((save) => [
          ...wrongContainer({ script, save, components, unit }),
          ...replacedContainer({ script, save, components, unit }),
        ]),
        ...(runsInContainer(script, unit.repository)
          ? []
          : wrongPaths({ script, saves, components, unit })),
      ];
    });
  },
};

interface Looking {
  readonly script: Script;
  readonly components: readonly Component[];
  readonly unit: Unit;
}

function wrongContainer(looking: Looking & { readonly save: Act }): readonly Found[] {
  const { script, save, components, unit } = looking;
  const { place } = save;
  if (place.type !== "container" || place.engine !== "docker" || !/^[\w.-]+$/.test(place.name))
    return [];
  const containers = components.filter(({ platform }) => platform !== "kubernetes");
  if (containers.length === 0 || containers.some((component) => isNamed(component, place.name)))
    return [];
  // `jairouter-1`: a name that is put together from parts.
  const parts = containers.some(({ containerName }) =>
    meets(containerName?.value ?? "", place.name),
  );
  const [edge] = unit.openEdges;
  // `docker ps | grep -q name` in front: the script knows that it may not be there.
  if (parts || asksFirst(save.command, place.name)) return [];
  return [
    {
      severity: edge === undefined ? "warning" : "note",
      message:
        `${shortName(script)} saves from container \`${place.name}\`, and nothing here ` +
        `starts one`,
      places: [script.place(save.command.line)],
      why: "`No such container`, each night; what it was to save is in no backup.",
      fix: `Name a container that exists: ${nearest(containers, place.name)}.`,
    },
  ];
}

function asksFirst({ guards }: ShellCommand, name: string): boolean {
  return guards.some(({ of }) => of.some(({ words }) => words.some((word) => word.includes(name))));
}

function meets(pattern: string, name: string): boolean {
  const [before = "", after = ""] = pattern.split(/\$\{?\w+[^}]{0,40}\}?/);
  return pattern.includes("$") && name.startsWith(before) && name.endsWith(after);
}

function nearest(components: readonly Component[], name: string): string {
  const close = components.filter(
    (component) => name.includes(component.name) || component.name.includes(name),
  );
  const shown = (close.length > 0 ? close : components).slice(0, 3);
  return shown
    .map((component) => `\`${component.containerName?.value ?? component.name}\``)
    .join(", ");
}

/** Paths as a container sees them, in a script that runs on the host. */
function wrongPaths(looking: Looking & { readonly saves: readonly Act[] }): readonly Found[] {
  const { script, saves, components, unit } = looking;
  const found: Found[] = [];
  for (const save of saves) {
    if (save.place.type !== "here" || save.content !== "files" || save.program === "cp") continue;
    const inside = save.sources.flatMap((path) => insideOnly(path, components) ?? []);
    const [first] = inside;
    if (first !== undefined) found.push(containerPath({ script, save, first, all: inside }));
    const nowhere = save.sources.filter((path) => isNowhere(path, components));
    if (nowhere.length > 0 && first === undefined) found.push(nowhereFound(script, save, nowhere));
    const absent = save.sources.filter((path) => isAbsent(path, unit));
    if (absent.length > 0) found.push(absentFound({ script, save, absent, unit }));
  }
  return found;
}

interface Inside {
  readonly path: string;
  readonly component: Component;
  readonly mount: MountFact;
}

/** The path is a mount's target, and the host keeps it under another name. */
function insideOnly(path: string, components: readonly Component[]): Inside | undefined {
  if (!path.startsWith("/") || path.includes("*") || path.length < 3) return undefined;
  const plain = path.replace(/\/$/, "");
  const onHost = components.some(({ mounts }) =>
    mounts.some(({ source }) => source?.startsWith("/") === true && isWithin(source, plain)),
  );
  if (onHost) return undefined;
  for (const component of components) {
    const mount = component.mounts.find(
      ({ target, type, source }) =>
        (type === "bind" || type === "volume") &&
        source !== target &&
        (target === plain || target.startsWith(`${plain}/`)),
    );
    if (mount !== undefined && component.platform !== "kubernetes")
      return { path, component, mount };
  }
  return undefined;
}

interface ContainerPath {
  readonly script: Script;
  readonly save: Act;
  readonly first: Inside;
  readonly all: readonly Inside[];
}

function containerPath({ script, save, first, all }: ContainerPath): Found {
  const { component, mount, path } = first;
  const paths = all.map((inside) => `\`${inside.path}\``).join(", ");
  return {
    severity: "warning",
    message:
      `${shortName(script)} saves ${paths} from the host; \`${path}\` is a path inside ` +
      `\`${component.name}\`, and on the host it is \`${mount.source ?? "a volume"}\``,
    places: [script.place(save.command.line), mount.at],
    why: "The path does not exist on the host: the archive fails or lacks it, every time.",
    fix: `Save \`${mount.source ?? path}\` (a volume: \`docker run --rm -v NAME:/data …\`).`,
  };
}

/** `/app/…` is where images keep things; hosts do not. */
function isNowhere(path: string, components: readonly Component[]): boolean {
  if (!/^\/app\/[\w./-]+$/.test(path)) return false;
  return !components.some(({ mounts }) =>
    mounts.some(({ target, source }) => isWithin(target, path) || isWithin(source ?? "-", path)),
  );
}

function nowhereFound(script: Script, save: Act, paths: readonly string[]): Found {
  return {
    severity: "warning",
    message:
      `${shortName(script)} saves ` +
      `\`${paths.join("`, `")}\`, where nothing here mounts any state`,
    places: [script.place(save.command.line)],
    why: "The archive is made and holds nothing that would be missed; the state itself is in none.",
    fix: "Find out where the state is (a claim, a volume, a bucket), and save that.",
  };
}

/** A relative folder that the repository does not have. */
function isAbsent(path: string, { repository }: Unit): boolean {
  if (!/^(?:\.\/)?[A-Za-z][\w-]*\/$/.test(path)) return false;
  const { tree } = repository.documents;
  const name = path.replace(/^\.\//, "").replace(/\/$/, "");
  if (tree.has(name) || tree.isIgnored(name)) return false;
  return !tree.files.some(({ path: other }) => `/${other}`.includes(`/${name}/`));
}

function absentFound({
  script,
  save,
  absent,
  unit,
}: {
  readonly script: Script;
  readonly save: Act;
  readonly absent: readonly string[];
  readonly unit: Unit;
}): Found {
  const guide = unit.repository.documents.tree.guide !== undefined;
  return {
    severity: guide ? "note" : "warning",
    message: `${shortName(script)} saves \`${absent.join("`, `")}\`, which does not exist here`,
    places: [script.place(save.command.line)],
    why: "`tar` ends with an error each time, and the one that matters looks the same.",
    fix: "Take it out of the list, or create it.",
  };
}
