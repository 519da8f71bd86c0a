import type { FileRule } from "../file-rule.ts";
import { bindSourceMissing } from "./bind-source-missing.ts";
import { envFileShellSyntax } from "./env-file-shell-syntax.ts";
import { replicasCollide } from "./replicas-collide.ts";

export const CONTAINERS_RULES: readonly FileRule[] = [
  replicasCollide,
  bindSourceMissing,
  envFileShellSyntax,
];
