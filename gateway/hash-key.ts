import { assertNever } from "@seaworthy/std/assert";
import type { Admitted } from "./admitted.ts";
import { hashText } from "./rendezvous.ts";

/** What a request of a `consistent-hash` route is placed by. */
export function keyOf(admitted: Admitted): number {
  return hashText(keyTextOf(admitted) ?? admitted.clientAddress);
}

/** Undefined where the request lacks it. */
function keyTextOf({ route, request, target }: Admitted): string | undefined {
  const by = route.hashBy;
  if (by === undefined) return undefined;
  switch (by.by) {
    case "client":
      return undefined;
    case "path":
      return target.path;
    case "header":
      return headerOf(request.rawHeaders, by.name.toLowerCase());
    case "cookie":
      return cookieOf(request.rawHeaders, by.name);
    default:
      return assertNever(by);
  }
}

/** The first of that name; an empty one is none: else all without a value would share one key. */
function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== name) continue;
    const value = rawHeaders[index + 1];
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** RFC 6265 §4.2.1: pairs between semicolons, in one or several Cookie lines. Names have a case. */
function cookieOf(rawHeaders: readonly string[], name: string): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== "cookie") continue;
    for (const pair of (rawHeaders[index + 1] ?? "").split(";")) {
      const equals = pair.indexOf("=");
      if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
      const value = pair.slice(equals + 1).trim();
      if (value !== "") return value;
    }
  }
  return undefined;
}
