/** `r` and 12 hex digits: the hash of all a release is made of (architecture §3). */
export type ReleaseId = string;

/**
 * What one version of a unit is made of. Secrets appear as versions, never as values or hashes.
 */
export interface Release {
  readonly id: ReleaseId;
  readonly unit: string;
  readonly createdAt: string;
  /** Program as resolved, with its version or content hash. */
  readonly program: { readonly path: string; readonly identity: string };
  readonly argv: readonly string[];
  /** Path in the snapshot → SHA-256 of the content and mode. */
  readonly filesHash: string;
  readonly fileCount: number;
  readonly environmentHash: string;
  readonly secretVersions: Readonly<Record<string, number>>;
  /** The declared folder this was taken from; for people, not part of the identity. */
  readonly from: string;
}
