/**
 * Rules that ask the catalogues of products, themselves or through what they import. Left out where
 * somebody wants to know what is found without them; `asking-catalogues.test.ts` reads the imports.
 */
export const ASKING: ReadonlySet<string> = new Set<string>([
  "alert-label-nobody-sets",
  "alert-metric-nobody-exports",
  "backup-misses-state",
  "backup-never-verified",
  "backup-not-consistent",
  "backup-path-mismatch",
  "backup-same-host",
  "ci-step-cannot-run",
  "cluster-never-formed",
  "datastore-published",
  "declared-target-never-created",
  "depends-on-without-health",
  "foreign-image-env",
  "health-path-mismatch",
  "image-ref-mismatch",
  "image-tag-gone",
  "k8s-removed-api",
  "liveness-checks-dependency",
  "memory-budget-mismatch",
  "option-removed-in-version",
  "probe-cannot-succeed",
  "replica-not-replicating",
  "restore-does-not-cover-backup",
  "shared-single-writer-volume",
  "single-host-ha",
  "state-without-volume",
  "unknown-ingress-annotation",
  "volume-not-writable",
]);
