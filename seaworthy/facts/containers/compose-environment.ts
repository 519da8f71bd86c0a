import type { Component, EnvironmentEntry } from "../fact.ts";
import type { Documents } from "../document.ts";

/** The service with the variables of its `env_file`s, where they are in the tree. */
export function withEnvironmentFiles(component: Component, documents: Documents): Component {
  if (component.environmentFiles.length === 0) return component;
  const environment = new Map<string, EnvironmentEntry>();
  for (const { value: path } of component.environmentFiles) {
    const file = documents.of("environment").find((document) => document.file.path === path);
    for (const { name, value, at } of file?.variables ?? []) {
      environment.set(name, { at, value, from: { kind: "file", name: path, key: name } });
    }
  }
  // What the service itself says wins over its files.
  for (const [name, entry] of component.environment) environment.set(name, entry);
  return { ...component, environment };
}
