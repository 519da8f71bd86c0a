/**
 * Rules that ask the catalogues of products, themselves or through what they import. Left out where
 * somebody wants to know what is found without them; `asking-catalogues.test.ts` reads the imports.
 */
export const ASKING: ReadonlySet<string> = new Set<string>([
  "alert-label-nobody-sets",
  "alert-metric-nobody-exports",
  "datastore-published",
  "foreign-image-env",
  "grafana-dashboard-will-not-render",
  "image-tag-gone",
  "probe-cannot-succeed",
  "scrape-endpoint-mismatch",
  "state-without-volume",
]);
