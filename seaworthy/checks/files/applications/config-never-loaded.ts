import { entriesAt } from "../../../facts/node.ts";
import { at, baseName, folderOf } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isMentioned } from "./mentions.ts";
import { activeProfiles } from "./spring-profiles.ts";

export const configNeverLoaded: FileRule = {
  name: "config-never-loaded",
  summary: "a configuration that looks as if it were in force, and that nothing reads",
  check: (unit) => [...configMaps(unit), ...inactiveProfiles(unit), ...fragments(unit)],
};

const WHY =
  "what it says is believed to be in force: protection, limits or tuning are missed on the day " +
  "they are needed";

/** A ConfigMap that nothing but its own file names. */
function configMaps(unit: Unit): readonly Found[] {
  return unit.documents.of("manifest").flatMap(({ objects, file }) =>
    objects.flatMap((object): readonly Found[] => {
      const { name, namespace } = object;
      if (object.kind !== "ConfigMap" || object.template || name === "") return [];
      const elsewhere = isMentioned(unit, { text: name, except: file.path });
      if (elsewhere || file.text.split(name).length > 2) return [];
      // Labels hand a ConfigMap to a side-car or an operator that looks for them.
      if (entriesAt(object.root, "metadata", "labels").length > 0) return [];
      const pod = unit.facts
        .of("component")
        .find((one) => one.platform === "kubernetes" && one.namespace === namespace);
      if (pod === undefined) return [];
      return [
        {
          severity: "warning",
          message: `no pod mounts or reads the ConfigMap ${name}`,
          places: [at(file, object.line), pod.at],
          why: `pods run on their defaults; ${WHY}`,
          fix: `mount it, or envFrom: [{ configMapRef: { name: ${name} } }], on ${pod.name}`,
        },
      ];
    }),
  );
}

/** `application-x.yml` while the profiles that are active are said, and x is none of them. */
function inactiveProfiles(unit: Unit): readonly Found[] {
  const documents = unit.documents.of("spring-configuration");
  const active = activeProfiles(unit);
  if (active.size === 0) return [];
  const idle = documents.filter(
    ({ profile, file }) =>
      profile !== undefined &&
      !/^(dev|development|test|local|staging|uat|sit|ci|prod(uction)?)$/.test(profile) &&
      !active.has(profile) &&
      !isMentioned(unit, { text: profileWord(profile), except: file.path }),
  );
  const [first, ...others] = idle;
  if (first === undefined) return [];
  const names = idle.map(({ profile }) => profile ?? "");
  return [
    {
      severity: "warning",
      message:
        `the profiles ${names.join(", ")} are never active ` +
        `(active: ${[...active].join(", ")})`,
      places: [at(first.file, 1), ...others.map(({ file }) => at(file, 1))],
      why: WHY,
      fix: `SPRING_PROFILES_ACTIVE=${[...active, ...names].join(",")}, or spring.profiles.group`,
    },
  ];
}

/** How a profile is named where something else activates it. */
function profileWord(profile: string): string {
  return `application-${profile}`;
}

/** To be copied under another name first. */
const TEMPLATE = /[._-](?:example|sample|template|dist|tmpl|tpl)(?:[._-]|$)/i;

/**
 * Something names the file; a script beside it says its name without the ending, as in
 * `overlay low-memory`; or the page that explains it shows the command.
 */
function isTaken(unit: Unit, path: string): boolean {
  const { tree } = unit.repository.documents;
  const name = baseName(path);
  // In a file that was not read may stand what takes it.
  if (tree.unread.length > 0) return true;
  if (isMentioned(unit, { text: name, except: path })) return true;
  const stem = name.replace(/\.ya?ml$/, "").replace(/^(?:docker-)?compose\./, "");
  const beside = tree.files.filter((file) => folderOf(file.path) === folderOf(path));
  const isBuiltUp =
    stem.length > 3 &&
    beside.some(
      ({ path: other, text }) =>
        /\.(?:sh|bash|mk|py|js)$|Makefile$|justfile$/.test(other) && text.includes(stem),
    );
  // `-f docker-compose.$kind.yml`: which ones it takes is only known when it runs.
  const isChosen = tree.files.some(
    ({ path: other, text }) =>
      isAtOrAbove(folderOf(other), folderOf(path)) &&
      /\.(?:sh|bash|mk)$|Makefile$|justfile$/.test(other) &&
      /compose[\w.-]{0,60}\$[\w{(]/.test(text),
  );
  if (isChosen) return true;
  if (isBuiltUp || tree.guide !== undefined) return isBuiltUp;
  return tree.files.some(
    ({ path: other, text }) =>
      /\.(?:md|rst|txt|adoc)$/i.test(other) &&
      text
        .split("\n")
        .some((line) => line.includes(name) && /(?:^|\s)(?:-f|--file)[ =]/.test(line)),
  );
}

/** A folder of overlays is a choice for whoever installs it. */
function isOneOfMany(unit: Unit, path: string): boolean {
  const overlays = unit.repository.documents
    .of("compose")
    .filter(({ file, isOverlay }) => isOverlay && folderOf(file.path) === folderOf(path));
  return overlays.length > 3;
}

function isAtOrAbove(folder: string, other: string): boolean {
  return folder === "" || folder === other || other.startsWith(`${folder}/`);
}

/** A part of a compose file, without image or build, that no command puts over the whole. */
function fragments(unit: Unit): readonly Found[] {
  return unit.documents.of("compose").flatMap(({ file, root }): readonly Found[] => {
    const services = entriesAt(root, "services");
    const partial = services.filter(
      ([, { node }]) =>
        node.type === "map" && !["image", "build", "extends"].some((key) => node.entries.has(key)),
    );
    const name = baseName(file.path).replace(/~\d+(?=\.|$)/, "");
    if (services.length === 0 || partial.length < services.length) return [];
    if (/override\.ya?ml$/.test(name) || TEMPLATE.test(name)) return [];
    const twice = baseName(file.path) !== name;
    if (!twice && isTaken(unit, file.path)) return [];
    const base = unit.facts
      .of("component")
      .find(
        (one) =>
          services.some(([service]) => service === one.name) &&
          (one.at.as ?? one.at.file) !== file.path,
      );
    const line = services[0]?.[1].line ?? 1;
    return [
      {
        severity: !twice && isOneOfMany(unit, file.path) ? "note" : "warning",
        message: twice
          ? `${name} is given a second time, with a part of a service only`
          : `no command puts ${name} over another compose file`,
        places: [at(file, line), ...(base === undefined ? [] : [base.at])],
        why: twice
          ? "saved under this name it replaces the whole file, and compose refuses it; left out, " +
            WHY
          : WHY,
        fix: "give it a name of its own, and -f both files in every command, or merge it",
      },
    ];
  });
}
