import type { DeclaredValue, EnvironmentValue, ServiceName, System } from "../system/system.ts";

export type Stores = System["stores"];

/**
 * The address of an external store is a secret. Any other one's is that of a unit, which the target
 * knows that runs it; none does yet, so `unrunnable` refuses before anybody asks.
 */
export function withAddresses(
  environment: Readonly<Record<string, DeclaredValue>>,
  stores: Stores,
): Readonly<Record<string, EnvironmentValue>> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, withAddress(value, stores)]),
  );
}

function withAddress(value: DeclaredValue, stores: Stores): EnvironmentValue {
  switch (value.kind) {
    case "text":
    case "secret":
    case "url":
      return value;
    case "store": {
      const secret = stores[value.store]?.external;
      return secret === undefined
        ? { kind: "url", service: value.store }
        : { kind: "secret", secret };
    }
    case "parts":
      return { kind: "parts", parts: value.parts.map((part) => withAddress(part, stores)) };
    default:
      return value satisfies never;
  }
}

/** Services whose addresses stand in an environment, each once, sorted. */
export function needsOf(
  environment: Readonly<Record<string, DeclaredValue>>,
): readonly ServiceName[] {
  return [...new Set(Object.values(environment).flatMap(servicesIn))].toSorted();
}

function servicesIn(value: DeclaredValue): readonly ServiceName[] {
  if (value.kind === "url") return [value.service];
  return value.kind === "parts" ? value.parts.flatMap(servicesIn) : [];
}
