/** Why each fault of a declaration is one; a rule without a line here says the general reason. */
const WHY: Readonly<Record<string, string>> = {
  "unknown-field": "A field that nobody reads does nothing, and somebody believes that it does.",
  "missing-field": "Without it there is nothing to run or to measure.",
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
};

export function whyOf(rule: string): string {
  return WHY[rule] ?? "It cannot be understood as written.";
}
