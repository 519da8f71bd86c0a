import type { BuiltImage } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import { pathOf } from "./intent.ts";

/** Variables that hold variables; no real pipeline goes deeper. */
const ROUNDS_MAX = 4;
const CHARACTERS_MAX = 200_000;

/** The reference with what its own file says of its variables, and the registry it is pushed to. */
export function pushedReference(unit: Unit, fact: BuiltImage): string {
  const path = pathOf(fact.at);
  const file = unit.repository.documents.tree.files.find((candidate) => candidate.path === path);
  const text = (file?.text ?? "").slice(0, CHARACTERS_MAX);
  let reference = fact.image;
  for (let round = 0; round < ROUNDS_MAX && reference.includes("$"); round += 1) {
    reference = expanded(reference, text);
  }
  const registry = expanded(jenkinsRegistry(text), text);
  const isBare = !/^[^/]*[.:$][^/]*\//.test(reference);
  return registry !== "" && isBare && fact.by === "pipeline"
    ? `${registry}/${reference}`
    : reference;
}

function expanded(reference: string, text: string): string {
  return reference.replace(
    /\$\{\{\s*(?:env|vars)\.(\w+)\s*\}\}|\$\{(?:env\.)?(\w+)\}|\$(\w+)/g,
    (all: string, ...names: readonly unknown[]) => {
      const name = names.slice(0, 3).find((one) => typeof one === "string");
      return (typeof name === "string" ? assigned(name, text) : undefined) ?? all;
    },
  );
}

/** `NAME=value`, `NAME = 'value'`, `NAME: value`; nothing that is computed. */
function assigned(name: string, text: string): string | undefined {
  const form = new RegExp(`(?:^|[\\s;])${name}\\s?[:=]\\s?["']?([^\\s"'\`();]+)`, "m");
  const value = form.exec(text)?.[1];
  return value === undefined || value.includes(`$${name}`) || value.includes(`{${name}`)
    ? undefined
    : value;
}

/** `docker.withRegistry("https://registry.example.com", …)` */
function jenkinsRegistry(text: string): string {
  return /withRegistry\(\s*["']https?:\/\/([^"'/\s]+)/.exec(text)?.[1] ?? "";
}

/** Registry, namespace and name, without tag and digest; Docker Hub's own prefix left out. */
export function segmentsOf(reference: string): readonly string[] {
  const [named = ""] = reference.split("@");
  const untagged = named.replace(/:[^/:]*$/, "");
  const parts = untagged.replaceAll(/\$\{[^}]*\}/g, "$").split("/");
  const [first, second, ...rest] = parts;
  if (first !== "docker.io" && first !== "index.docker.io") return parts;
  return second === "library" ? rest : [second ?? "", ...rest];
}
