/** Paths inside a declaration: `services.api.replicas`, `edge.routes["/x"].to`, `load.mix[0]`. */

const PLAIN_KEY = /^[A-Za-z_*][A-Za-z0-9_*-]*$/;
const SEGMENT = /\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([A-Za-z_*][A-Za-z0-9_*-]*)/y;

/** `base` and one more key; keys that are no plain words are quoted, indices stand in brackets. */
export function joinPath(base: string, key: string | number): string {
  if (typeof key === "number") return `${base}[${key}]`;
  if (!PLAIN_KEY.test(key)) return `${base}[${JSON.stringify(key)}]`;
  return base === "" ? key : `${base}.${key}`;
}

/** The keys of a path that `joinPath` made; what follows an unreadable segment is left out. */
export function splitPath(path: string): readonly (string | number)[] {
  const keys: (string | number)[] = [];
  const segment = new RegExp(SEGMENT);
  while (segment.lastIndex < path.length) {
    const match = segment.exec(path);
    if (match === null) return keys;
    const [, index, quoted, plain] = match;
    if (index !== undefined) keys.push(Number(index));
    else if (quoted !== undefined) keys.push(unquote(quoted));
    else keys.push(plain ?? "");
  }
  return keys;
}

/** True when `path` is `ancestor` or lies inside it. */
export function isInside(path: string, ancestor: string): boolean {
  if (ancestor === "" || path === ancestor) return true;
  const next = path.startsWith(ancestor) ? path[ancestor.length] : undefined;
  return next === "." || next === "[";
}

function unquote(quoted: string): string {
  const text: unknown = JSON.parse(`"${quoted}"`);
  return typeof text === "string" ? text : quoted;
}
