import type { FileRule } from "../file-rule.ts";
import { bindSourceMissing } from "./bind-source-missing.ts";
import { clusterNeverFormed } from "./cluster-never-formed.ts";
import { datastorePublished } from "./datastore-published.ts";
import { dependsOnWithoutHealth } from "./depends-on-without-health.ts";
import { dockerfileCannotBuild } from "./dockerfile-cannot-build.ts";
import { envFileShellSyntax } from "./env-file-shell-syntax.ts";
import { foreignImageEnv } from "./foreign-image-env.ts";
import { imageRefMismatch } from "./image-ref-mismatch.ts";
import { imageTagGone } from "./image-tag-gone.ts";
import { limitsMissing } from "./limits-missing.ts";
import { memoryBudgetMismatch } from "./memory-budget-mismatch.ts";
import { noLogRetention } from "./no-log-retention.ts";
import { optionRemovedInVersion } from "./option-removed-in-version.ts";
import { probeCannotSucceed } from "./probe-cannot-succeed.ts";
import { replicaNotReplicating } from "./replica-not-replicating.ts";
import { replicasCollide } from "./replicas-collide.ts";
import { sharedSingleWriterVolume } from "./shared-single-writer-volume.ts";
import { singleHostHa } from "./single-host-ha.ts";
import { stateWithoutVolume } from "./state-without-volume.ts";
import { volumeNotWritable } from "./volume-not-writable.ts";
import { weakPodSecurity } from "./weak-pod-security.ts";

/** The rules of Compose files, Dockerfiles, images and files of variables. */
export const CONTAINERS_RULES: readonly FileRule[] = [
  replicasCollide,
  bindSourceMissing,
  envFileShellSyntax,
  datastorePublished,
  stateWithoutVolume,
  imageTagGone,
  foreignImageEnv,
  probeCannotSucceed,
  memoryBudgetMismatch,
  optionRemovedInVersion,
  dockerfileCannotBuild,
  clusterNeverFormed,
  replicaNotReplicating,
  volumeNotWritable,
  imageRefMismatch,
  sharedSingleWriterVolume,
  singleHostHa,
  dependsOnWithoutHealth,
  limitsMissing,
  noLogRetention,
  weakPodSecurity,
];
