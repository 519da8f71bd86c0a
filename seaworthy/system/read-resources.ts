import { ok, refuse } from "@seaworthy/std/result";
import { size } from "./kinds.ts";
import { notA, type Fields, type Leaf } from "./reader.ts";
import type { Resources } from "./system.ts";

const CPU_MAX = 1_024;
const CPU = `a number of cores, up to ${CPU_MAX} (0.5)`;
/** Less holds no program. */
const MEMORY_MIN = 1_048_576;

const cores: Leaf<number> = {
  expected: CPU,
  placeholder: 1,
  show: String,
  parse: (input) => {
    const fits = typeof input === "number" && input > 0 && input <= CPU_MAX;
    return fits ? ok(input) : refuse(notA(input, CPU));
  },
};

/** What one instance may take. */
export function readResourcesField(parent: Fields): Resources {
  const means = "What one instance may take; a target that can holds it to that.";
  return readResources(parent, { name: "resources", means });
}

/** What all instances together may take. */
export function readCapacityField(parent: Fields): Resources {
  const means = "What the machines hold; all instances, and those a roll adds, must fit.";
  return readResources(parent, { name: "capacity", means });
}

function readResources(
  parent: Fields,
  field: { readonly name: string; readonly means: string },
): Resources {
  return parent.group({
    ...field,
    expected: '{ cpu: 0.5, memory: "512MiB" }',
    read: (fields) => ({
      cpu: fields.maybe({ name: "cpu", kind: cores, means: "Cores." }),
      memoryBytes: fields.maybe({
        name: "memory",
        as: "memoryBytes",
        kind: size({ min: MEMORY_MIN }),
        means: "Memory.",
      }),
    }),
  });
}
