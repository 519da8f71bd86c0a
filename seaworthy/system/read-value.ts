import { anyText, addressName, badVariable, secretName } from "./kinds.ts";
import {
  child,
  isRecord,
  notA,
  readEntries,
  readItems,
  readLeaf,
  type ReadLog,
  type Site,
} from "./reader.ts";
import type { DeclaredValue } from "./system.ts";

/** More variables or files than anyone writes by hand. */
export const ENTRIES_MAX = 200;
const PARTS_MAX = 100;
/** All files of a service travel in the graph: 256 KiB each is plenty for configuration. */
const FILE_LENGTH_MAX = 262_144;
const VALUE = 'text, { ref: "service or store" }, { secret: "NAME" } or { text: [parts] }';

/** The field `env`, as services and jobs have it. */
export const ENVIRONMENT = {
  name: "env",
  means: "Environment of each instance, beside HOST, PORT and SEAWORTHY_*.",
  expected: "variables by name",
  read: readEnvironment,
};

/** `env`: variable → value, a reference to a service's address, a secret, or parts to be joined. */
function readEnvironment(input: unknown, site: Site): Readonly<Record<string, DeclaredValue>> {
  return readEntries(input, site, {
    expected: "variables by name",
    countMax: ENTRIES_MAX,
    key: badVariable,
    read: readValue,
  });
}

function readValue(input: unknown, site: Site): DeclaredValue {
  const { log } = site;
  if (log.describing) {
    const { declared, canonical } = site;
    const means = "A value of the environment; a `ref` becomes the service's address.";
    log.describe({
      declared,
      canonical,
      means,
      expected: VALUE,
      default: undefined,
      required: true,
    });
    return { kind: "text", text: "" };
  }
  log.source(site, "given");
  if (typeof input === "string") return { kind: "text", text: readLeaf(input, site, anyText) };
  if (typeof input === "number" || typeof input === "boolean") {
    return { kind: "text", text: String(input) };
  }
  const [key, extra] = isRecord(input) ? Object.keys(input) : [];
  if (isRecord(input) && extra === undefined) {
    const at = child(site, key ?? "");
    if (key === "ref") return addressOf(readLeaf(input["ref"], at, addressName), log);
    if (key === "secret")
      return { kind: "secret", secret: readLeaf(input["secret"], at, secretName) };
    if (key === "text") return { kind: "parts", parts: readParts(input["text"], at) };
  }
  log.fault(site, notA(input, VALUE));
  return { kind: "text", text: "" };
}

function addressOf(name: string, log: ReadLog): DeclaredValue {
  // Of one name, `expand` refuses both.
  const isStore = log.stores.has(name) && !log.services.has(name);
  return isStore ? { kind: "store", store: name } : { kind: "url", service: name };
}

function readParts(input: unknown, site: Site): readonly DeclaredValue[] {
  return readItems(input, site, {
    expected: "a list of parts",
    countMax: PARTS_MAX,
    read: readValue,
  });
}

/** `files`: absolute path → text, or data that becomes indented JSON. */
export function readFiles(input: unknown, site: Site): Readonly<Record<string, string>> {
  return readEntries(input, site, {
    expected: "files by absolute path",
    countMax: ENTRIES_MAX,
    key: badPath,
    read: (content, at) => {
      if (at.log.describing) return "";
      at.log.source(at, "given");
      if (content === null) at.log.fault(at, notA(content, "text or data"));
      const text = typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`;
      if (text.length > FILE_LENGTH_MAX) {
        const message = `${text.length} characters; a file may hold ${FILE_LENGTH_MAX}`;
        at.log.fault(at, { rule: "too-many", message, fix: "Put it into the build folder." });
      }
      return text;
    },
  });
}

/** A fault of a key that is to be an absolute path. */
export function badPath(path: string): ReturnType<typeof badVariable> {
  const clean = path.startsWith("/") && path.length > 1 && !path.split("/").includes("..");
  return clean ? undefined : notA(path, "an absolute path without `..`");
}
