/** The package's door for declarations: `import { defineSystem } from "seaworthy"`. */
export {
  defineSystem,
  edge,
  job,
  mariadb,
  nats,
  postgres,
  ref,
  secret,
  service,
  text,
  valkey,
  type DefinedSystem,
} from "./system/declare.ts";
export type {
  EdgeDeclaration,
  JobDeclaration,
  LoadDeclaration,
  ServiceDeclaration,
  SystemDeclaration,
} from "./system/declaration.ts";
export type {
  MariadbDeclaration,
  NatsDeclaration,
  PostgresDeclaration,
  StoreDeclaration,
  ValkeyDeclaration,
} from "./system/store-declaration.ts";
export type { Ref, Reference, Secret, StoreUrl, Text } from "./system/reference.ts";
