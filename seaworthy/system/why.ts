/** Why each fault of a declaration is one. `docs/checks/declaration.md` has a section for each. */
const WHY = {
  "unknown-field": "A field that nobody reads does nothing, and somebody believes that it does.",
  "missing-field": "Without it there is nothing to run or to measure.",
  "bad-value": "It cannot be understood as written.",
  "too-many": "What has no limit is stopped by a machine, and mostly the wrong one.",
  "bad-duration": "A number without its unit is read as another one sooner or later.",
  "bad-size": "A number without its unit is read as another one sooner or later.",
  "bad-rate": "A number without its unit is read as another one sooner or later.",
  "bad-percent": "A number without its unit is read as another one sooner or later.",
  "bad-factor": "A number without its unit is read as another one sooner or later.",
  "bad-name": "Names become folders, host names, labels and variables.",
  "unknown-service": "A route or reference to nothing fails for the first user who takes it.",
  "unknown-store": "A reference to nothing fails when the first instance reads it.",
  "unknown-environment": "Guessing the environment would change the wrong one.",
  "environment-required": "Guessing the environment would change the wrong one.",
  "environment-changes-units": "Environments of different units are different systems.",
  "not-yet": "Dropped silently, it would be believed to work.",
  "name-clash": "Two things of one name are told apart by nobody.",
  contradiction: "Both cannot be meant.",
} as const;

/** What a declaration's own text can break; `name-clash` is the graph's, and has its own page. */
export type ParseRule = Exclude<keyof typeof WHY, "name-clash">;

export const PARSE_RULES: readonly string[] = Object.keys(WHY).filter(
  (rule) => rule !== "name-clash",
);

export function whyOf(rule: keyof typeof WHY): string {
  return WHY[rule];
}
