import type {
  EdgeDeclaration,
  JobDeclaration,
  ServiceDeclaration,
  SystemDeclaration,
} from "./declaration.ts";
import { lower } from "./lower.ts";
import { reference, type Ref, type Reference, type Secret, type Text } from "./reference.ts";
import type {
  Declared,
  MariadbDeclaration,
  NatsDeclaration,
  PostgresDeclaration,
  ValkeyDeclaration,
} from "./store-declaration.ts";

/**
 * What users import from "seaworthy". Every function takes data and gives data: no clock, no
 * environment, no effects. This file runs inside the guarded loader, so it imports nothing more.
 */

const DEFINED = Symbol.for("seaworthy.system");

/** What `defineSystem` gives: plain data, nothing to call. */
export interface DefinedSystem {
  readonly [DEFINED]: true;
}

/** Declares a system. Give it as the default export of `system.ts`. */
export function defineSystem<
  const Services extends Readonly<Record<string, unknown>>,
  const Jobs extends Readonly<Record<string, unknown>> = Readonly<Record<never, never>>,
  const Stores extends Readonly<Record<string, unknown>> = Readonly<Record<never, never>>,
>(declaration: SystemDeclaration<Services, Jobs, Stores>): DefinedSystem {
  const data = lower(declaration);
  const brand: DefinedSystem = { [DEFINED]: true };
  return Object.freeze(Object.assign(brand, data));
}

/** Declares a kind of process that answers requests. */
export function service<const Target extends string = never>(
  declaration: ServiceDeclaration<Target>,
): ServiceDeclaration<NoInfer<Target>> {
  return declaration;
}

/** Declares a program that runs to its end. */
export function job<const Target extends string = never>(
  declaration: JobDeclaration<Target>,
): JobDeclaration<NoInfer<Target>> {
  return declaration;
}

/** Declares where users' requests come in. */
export function edge<const Target extends string>(
  declaration: EdgeDeclaration<Target>,
): EdgeDeclaration<NoInfer<Target>> {
  return declaration;
}

/** Declares a PostgreSQL with its replicas and backups. */
export function postgres(
  declaration: PostgresDeclaration,
): Declared<PostgresDeclaration & { readonly provider: "postgres" }> {
  return store({ provider: "postgres", ...declaration });
}

/** Declares a MariaDB with its members and backups. */
export function mariadb(
  declaration: MariadbDeclaration,
): Declared<MariadbDeclaration & { readonly provider: "mariadb" }> {
  return store({ provider: "mariadb", ...declaration });
}

/** Declares a Valkey, as a cache or as a store of its own. */
export function valkey(
  declaration: ValkeyDeclaration,
): Declared<ValkeyDeclaration & { readonly provider: "valkey" }> {
  return store({ provider: "valkey", ...declaration });
}

/** Declares a NATS with JetStream. */
export function nats(
  declaration: NatsDeclaration,
): Declared<NatsDeclaration & { readonly provider: "nats" }> {
  return store({ provider: "nats", ...declaration });
}

/** Its address gets the store's name where the store is listed; `lower` puts it in. */
function store<const Written extends object>(written: Written): Declared<Written> {
  return { ...written, url: reference({ store: Symbol("store") }) };
}

/** The address of a service, known when it runs. */
export function ref<const Name extends string>(name: Name): Ref<Name> {
  return reference({ ref: name });
}

/** The value of a secret, by name; the value itself is never part of a declaration. */
export function secret(name: string): Secret {
  return reference({ secret: name });
}

/** Joins texts and references: text`${ref("api")}/v1`. */
export function text<const Parts extends readonly (string | number | Reference)[]>(
  strings: TemplateStringsArray,
  ...parts: Parts
): Text<TargetOf<Parts[number]>> {
  const joined = strings.flatMap((piece, index): readonly unknown[] => {
    const before = piece === "" ? [] : [piece];
    const part = parts[index];
    if (part === undefined) return before;
    return [...before, typeof part === "number" ? String(part) : part];
  });
  return reference({ text: joined });
}

type TargetOf<Part> = Part extends Ref<infer Name> ? Name : never;
