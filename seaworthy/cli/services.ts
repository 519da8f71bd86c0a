import { EXIT } from "./exit.ts";
import { Refusal } from "./failure.ts";
import type { OpenSystem } from "./open-system.ts";

/** The services named on the command line; undefined: all. A wrong name is exit 2. */
export function namedServices(system: OpenSystem): readonly string[] | undefined {
  const known = Object.keys(system.parsed.system.services);
  const unknown = system.rest.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Refusal(EXIT.usage, `no service ${unknown.join(", ")}`, {
      fix: `services are ${known.join(", ")}`,
    });
  }
  return system.rest.length === 0 ? undefined : system.rest;
}
