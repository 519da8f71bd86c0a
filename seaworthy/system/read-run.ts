import { anyText, text } from "./kinds.ts";
import { child, readItems, readLeaf, readObject, type Fields, type Site } from "./reader.ts";
import type { Run } from "./system.ts";

const ARGUMENTS_MAX = 200;
const ARGUMENT = text("a text without NUL", (given) => !given.includes("\0"));
const IMAGE = text("an image such as registry.example/orders:1.4.2", (given) =>
  /^[a-z0-9][\w./:@-]{0,254}$/i.test(given),
);

export function readRunField(fields: Fields): Run {
  return fields.part({
    name: "run",
    means: "What runs: a folder's program, or an image.",
    expected: '{ build: "./folder", command: ["program", "argument"] }',
    required: true,
    read: readRun,
  });
}

function readRun(input: unknown, site: Site): Run {
  return readObject(input, site, {
    expected: "{ build, command } or { image }",
    read: (fields) => {
      const image = fields.maybe({ name: "image", kind: IMAGE, means: "A container image." });
      const commandOf = (): readonly string[] =>
        fields.part({
          name: "command",
          means: "Program and arguments; never a shell line.",
          expected: 'a list: ["node", "main.ts"]',
          required: image === undefined && input !== undefined,
          read: readCommand,
        });
      if (image !== undefined) {
        refuseBoth(fields, site);
        return { kind: "image", image, command: commandOf() };
      }
      const isAbsent = input === undefined && !site.log.describing;
      const build = isAbsent ? "" : fields.leaf(BUILD);
      const [program = "", ...rest] = commandOf();
      return { kind: "folder", build, command: [program, ...rest] };
    },
  });
}

const BUILD = {
  name: "build",
  kind: text("a folder relative to this file", isInnerFolder),
  means: "The program's folder, relative to the declaration; its files make the release.",
};

function refuseBoth(fields: Fields, site: Site): void {
  if (fields.has("build")) {
    const message = "`build` and `image` say two different things";
    const fix = "Keep one: `build` for a folder, `image` for a container image.";
    site.log.fault(child(site, "build"), { rule: "contradiction", message, fix });
  }
  fields.maybe({ name: "build", kind: anyText, means: "The program's folder." });
}

/** Absolute folders would make the declaration true on one machine only. */
function isInnerFolder(given: string): boolean {
  return given !== "" && !given.startsWith("/") && !given.startsWith("~") && !given.includes("\0");
}

function readCommand(input: unknown, site: Site): readonly string[] {
  if (input === undefined && !site.log.describing) return [];
  if (typeof input === "string") {
    const words = input.split(/\s+/).filter((word) => word !== "");
    const message = `${JSON.stringify(input)} is one text: a command is a list, never a shell line`;
    const fix = `Write ${JSON.stringify(words)}.`;
    site.log.fault(site, { rule: "bad-value", message, fix });
    return words;
  }
  const command = readItems(input, site, {
    expected: "a list of texts",
    countMax: ARGUMENTS_MAX,
    read: (item, at) => (at.log.describing ? "" : readLeaf(item, at, ARGUMENT)),
  });
  if (Array.isArray(input) && (command[0] ?? "") === "") {
    const message = "the command has no program";
    site.log.fault(site, { rule: "bad-value", message, fix: 'Write ["program", "argument"].' });
  }
  return command;
}
