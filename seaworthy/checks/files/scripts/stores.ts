import { imageFacts } from "../../../catalogues/images/images.ts";
import type { Component, MountFact } from "../../../facts/fact.ts";

/** A component that holds state of its own, and where. */
export interface Store {
  readonly component: Component;
  /** `postgres`, `mysql`, `redis`… as the catalogue of images names it. */
  readonly engine: string;
  /** The mounts that keep its data; empty when it keeps none. */
  readonly mounts: readonly MountFact[];
}

export function storesOf(components: readonly Component[]): readonly Store[] {
  return components.flatMap((component) => {
    const facts = component.image === undefined ? undefined : imageFacts(component.image.value);
    if (facts?.store === undefined) return [];
    const mounts = component.mounts.filter(
      ({ target, type }) =>
        type !== "tmpfs" && facts.data.some((folder) => isWithin(target, folder)),
    );
    return [{ component, engine: facts.store, mounts }];
  });
}

/** One of two folders holds the other. */
export function isWithin(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => `${path.replace(/\/$/, "")}/`);
  return a !== undefined && b !== undefined && (a.startsWith(b) || b.startsWith(a));
}

/** Engines whose names differ and whose dumps do not. */
export function isSameEngine(one: string, other: string): boolean {
  return familyOf(one) === familyOf(other);
}

function familyOf(engine: string): string {
  if (/maria|mysql|percona/.test(engine)) return "mysql";
  if (/postg|timescale/.test(engine)) return "postgres";
  if (/redis|valkey|keydb/.test(engine)) return "redis";
  if (/mongo/.test(engine)) return "mongodb";
  return engine;
}

/** Whether a name in a script (`docker exec NAME`) means this component. */
export function isNamed(component: Component, name: string): boolean {
  const { name: own, containerName, hostNames } = component;
  if (own === name || containerName?.value === name || hostNames.includes(name)) return true;
  // Compose's own names: project_service_1, project-service-1.
  return new RegExp(`^[\\w.-]{1,80}[-_]${escaped(own)}[-_]\\d+$`).test(name);
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w-]/g, "\\$&");
}
