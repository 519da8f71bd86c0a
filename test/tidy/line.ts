/**
 * The rooms of the tool, left to right: each imports only from rooms before it, and from std
 * (ADR 0001). A room may be on the line before its folder exists.
 */
export const LINE = [
  "system",
  "stores",
  "record",
  "plan",
  "catalogues",
  "facts",
  "checks",
  "renderers",
  "load",
  "targets",
  "rollout",
  "recovery",
  "drills",
  "console",
  "cli",
] as const;

/** May read clock, chance and environment: the doors to the world, and what is no product. */
export const WORLD: readonly RegExp[] = [
  /^std\//,
  /^seaworthy\/cli\/main\.ts$/,
  /^gateway\/main\.ts$/,
  /^service-kit\/clock\.ts$/,
  /^systems\/[^/]+\/(apps|tests)\//,
  /^(test|bench|scripts|bin)\//,
  /\.(test|integration|fixture)\.ts$/,
  /\/fixtures\//,
];
