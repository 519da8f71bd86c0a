/** The package's door for declarations: `import { defineSystem } from "seaworthy"`. */
export {
  defineSystem,
  edge,
  job,
  ref,
  secret,
  service,
  text,
  type DefinedSystem,
} from "./system/declare.ts";
export type {
  EdgeDeclaration,
  JobDeclaration,
  LoadDeclaration,
  ServiceDeclaration,
  SystemDeclaration,
} from "./system/declaration.ts";
export type { Ref, Reference, Secret, Text } from "./system/reference.ts";
