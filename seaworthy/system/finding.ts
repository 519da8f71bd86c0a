/** One thing that is wrong, where, why, and what to do. Shared by parsing, checks and doctor. */
export interface Finding {
  /** Stable id, kebab-case: `unknown-field`, `single-replica`. */
  readonly rule: string;
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
  readonly places: readonly Place[];
  readonly why: string;
  readonly fix: string;
}

export interface Place {
  /** Relative to the folder that was named. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** Path inside a declaration: `services.api.replicas`. */
  readonly path?: string;
  readonly excerpt?: string;
}
