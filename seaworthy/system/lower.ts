import { meaningOf } from "./reference.ts";

/** Deeper than any declaration: what is this deep refers to itself. */
const DEPTH_MAX = 50;

/**
 * A declaration as plain data, references in their data form: the schema of `.yaml` and `.json`.
 * Throws when something is no data; the message names every such place. Lowering twice is once.
 */
export function lower(declaration: unknown): unknown {
  const faults: string[] = [];
  const data = lowerValue(declaration, { path: [], faults });
  if (faults.length > 0) {
    throw new TypeError(`a declaration is data, and this is not: ${faults.join("; ")}`);
  }
  return data;
}

interface Place {
  readonly path: readonly string[];
  readonly faults: string[];
}

function lowerValue(value: unknown, place: Place): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  const fault = (what: string): undefined => {
    place.faults.push(`${place.path.join(".") || "the default export"} is ${what}`);
    return undefined;
  };
  if (typeof value !== "object") {
    return fault(typeof value === "number" ? String(value) : `a ${typeof value}`);
  }
  if (place.path.length > DEPTH_MAX) return fault("nested too deeply, or refers to itself");
  const meaning = meaningOf(value);
  if (meaning !== undefined) return lowerReference(meaning, place);
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => lowerValue(item, inside(place, String(index))));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    return fault(`a ${value.constructor.name}`);
  }
  return lowerEntries(value, place);
}

function lowerEntries(value: object, place: Place): unknown {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => [key, lowerValue(field, inside(place, key))]),
  );
}

/** In a file's content a reference would become its data form, silently: so it is refused. */
function lowerReference(meaning: object, place: Place): unknown {
  if (place.path[0] === "services" && place.path[2] === "files") {
    place.faults.push(`${place.path.join(".")} is a reference: files hold none yet, use \`env\``);
  }
  return lowerEntries(meaning, place);
}

function inside(place: Place, key: string): Place {
  return { path: [...place.path, key], faults: place.faults };
}
