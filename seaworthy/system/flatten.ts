import { formatListen } from "./listen.ts";
import { joinPath } from "./path.ts";
import type { DeclaredValue } from "./system.ts";

/**
 * Plain data as paths and single values, in its own order. Lists of plain values are one value;
 * routes are called by their prefix, as they are declared; addresses are `host:port`.
 */
export function flatten(value: unknown): readonly (readonly [path: string, value: unknown])[] {
  return flattenAt(value, "");
}

function flattenAt(value: unknown, path: string): readonly (readonly [string, unknown])[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  if (isAddress(value)) return [[path, formatListen(value)]];
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  const isPlainList = Array.isArray(value) && entries.every(([, item]) => typeof item !== "object");
  if (entries.length === 0 || isPlainList) return [[path, value]];
  return entries.flatMap(([key, field]) => {
    const at = Array.isArray(value) ? (prefixOf(field) ?? Number(key)) : key;
    return flattenAt(field, joinPath(path, at));
  });
}

function prefixOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("prefix" in value)) return undefined;
  return typeof value.prefix === "string" ? value.prefix : undefined;
}

function isAddress(value: object): value is { readonly host: string; readonly port: number } {
  const isPair = Object.keys(value).length === 2 && "host" in value && "port" in value;
  return isPair && typeof value.host === "string" && typeof value.port === "number";
}

/** `env` as people read it: references by name, never a value that is not declared. */
export function environmentTexts(
  environment: Readonly<Record<string, DeclaredValue>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, environmentText(value)]),
  );
}

function environmentText(value: DeclaredValue): string {
  switch (value.kind) {
    case "text":
      return value.text;
    case "secret":
      return `<secret ${value.secret}>`;
    case "url":
      return `<address of ${value.service}>`;
    case "store":
      return `<address of ${value.store}>`;
    case "parts":
      return value.parts.map(environmentText).join("");
    default:
      return value satisfies never;
  }
}
