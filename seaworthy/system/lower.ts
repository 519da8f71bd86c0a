import { meaningOf, type ReferenceData } from "./reference.ts";

/** Deeper than any declaration: what is this deep refers to itself. */
const DEPTH_MAX = 50;

/**
 * A declaration as plain data, references in their data form: the schema of `.yaml` and `.json`.
 * Throws when something is no data; the message names every such place. Lowering twice is once.
 */
export function lower(declaration: unknown): unknown {
  const faults: string[] = [];
  const data = lowerValue(declaration, { path: [], faults, stores: storeNames(declaration) });
  if (faults.length > 0) {
    throw new TypeError(`a declaration is data, and this is not: ${faults.join("; ")}`);
  }
  return data;
}

interface Place {
  readonly path: readonly string[];
  readonly faults: string[];
  /** Under which names each store is listed. */
  readonly stores: ReadonlyMap<symbol, readonly string[]>;
}

function storeNames(declaration: unknown): ReadonlyMap<symbol, readonly string[]> {
  const names = new Map<symbol, readonly string[]>();
  const isObject = typeof declaration === "object" && declaration !== null;
  const stores = isObject && "stores" in declaration ? declaration.stores : undefined;
  if (typeof stores !== "object" || stores === null) return names;
  for (const [name, store] of Object.entries(stores)) {
    const own = ownUrl(store);
    if (own !== undefined) names.set(own, [...(names.get(own) ?? []), name]);
  }
  return names;
}

/** The address that a store brings along; it is no field of the declaration. */
function ownUrl(store: unknown): symbol | undefined {
  const url = typeof store === "object" && store !== null && "url" in store ? store.url : undefined;
  const meaning = typeof url === "object" && url !== null ? meaningOf(url) : undefined;
  return meaning !== undefined && "store" in meaning ? meaning.store : undefined;
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
  const isStore = place.path.length === 2 && place.path[0] === "stores";
  const omitted = isStore && ownUrl(value) !== undefined ? "url" : undefined;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, field]) => field !== undefined && key !== omitted)
      .map(([key, field]) => [key, lowerValue(field, inside(place, key))]),
  );
}

/** In a file's content a reference would become its data form, silently: so it is refused. */
function lowerReference(meaning: ReferenceData, place: Place): unknown {
  if (place.path[0] === "services" && place.path[2] === "files") {
    place.faults.push(`${place.path.join(".")} is a reference: files hold none yet, use \`env\``);
  }
  return "store" in meaning
    ? { ref: storeName(meaning.store, place) }
    : lowerEntries(meaning, place);
}

function storeName(store: symbol, place: Place): string {
  const [name, other] = place.stores.get(store) ?? [];
  if (name !== undefined && other === undefined) return name;
  const why =
    name === undefined
      ? "the url of a store that is not listed under `stores`"
      : `the url of a store that is listed twice: ${name}, ${other}`;
  place.faults.push(`${place.path.join(".")} is ${why}`);
  return "";
}

function inside(place: Place, key: string): Place {
  return { ...place, path: [...place.path, key] };
}
