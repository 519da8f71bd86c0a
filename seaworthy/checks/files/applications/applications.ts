import type { FileRule } from "../file-rule.ts";
import { configNeverLoaded } from "./config-never-loaded.ts";
import { corsWildcard } from "./cors-wildcard.ts";
import { databaseNameMismatch } from "./database-name-mismatch.ts";
import { dbUserLacksGrant } from "./db-user-lacks-grant.ts";
import { defaultOrPlaceholderSecret } from "./default-or-placeholder-secret.ts";
import { envVarNotDelivered } from "./env-var-not-delivered.ts";
import { springProfileKeyInProfileFile } from "./spring-profile-key-in-profile-file.ts";
import { sqlWillFail } from "./sql-will-fail.ts";

export const APPLICATIONS_RULES: readonly FileRule[] = [
  databaseNameMismatch,
  dbUserLacksGrant,
  envVarNotDelivered,
  springProfileKeyInProfileFile,
  defaultOrPlaceholderSecret,
  configNeverLoaded,
  sqlWillFail,
  corsWildcard,
];
