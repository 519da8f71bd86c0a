import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { NAMED } from "./mortal-calls.ts";

const ROOT = fileURLToPath(new URL("../../seaworthy/", import.meta.url));
const TESTS = /[.-](test|integration|fixture)\.ts$|\/fixtures\/|\/contract\.ts$/;
/** Of the verb `check`, which changes no system. */
const CHECK = /^cli\/(check-files|second-opinions)\//;

/** Calls of Node by which a process changes something outside of it. */
const CHANGES = [
  ...["appendFile", "writeFile", "copyFile", "chmod", "chown", "cp", "link", "mkdir", "mkdtemp"],
  ...["open", "rename", "rm", "rmdir", "symlink", "truncate", "unlink", "utimes"],
  ...["spawn", "fork", "exec", "execFile", "createWriteStream"],
].flatMap((name) => [name, `${name}Sync`]);

/** Where a change is made by a call that is not mortal, and why nobody needs to die there. */
const SPARED: Readonly<Record<string, string>> = {
  "targets/local/scratch-edge.ts mkdtemp": "an edge of its own, which its keeper takes along",
  "targets/local/scratch-edge.ts appendFile": "the same",
  "targets/local/edge-program.ts execFile": "asks HAProxy and nginx about a file, and waits",
  "targets/local/log-files.ts openSync": "a log that the instance writes",
};

/** `FILE CALL` of every change that the sources of a text import, and that is not mortal. */
function immortalCalls(file: string, text: string): readonly string[] {
  const imports = text.matchAll(
    /import \{([^}]*)\} from "node:(?:fs|fs\/promises|child_process)"/g,
  );
  const names = [...imports].flatMap(([, list = ""]) => list.split(",").map((name) => name.trim()));
  const changes = names.filter((name) => CHANGES.includes(name));
  return changes
    .filter((name) => !(name in NAMED) && name !== "open" && name !== "spawn")
    .map((name) => `${file} ${name}`);
}

test("every call by which the tool or its supervisor changes anything is mortal", () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" });
  const sources = files.filter(
    (name) => name.endsWith(".ts") && !TESTS.test(`/${name}`) && !CHECK.test(name),
  );
  const found = sources.flatMap((name) =>
    name.includes("node_modules")
      ? []
      : immortalCalls(name, readFileSync(`${ROOT}${name}`, "utf8")),
  );
  assert.ok(found.length > 0, "nothing was read");
  assert.deepEqual(
    found.filter((call) => !(call in SPARED)),
    [],
  );
});

test("a call that nobody dies at is found, and a mortal one is left alone", () => {
  const text = 'import { appendFileSync, rename } from "node:fs/promises";';
  assert.deepEqual(immortalCalls("a.ts", text), ["a.ts appendFileSync"]);
});
