/** Which scenarios are one file's: each ends in time on a machine that is busy. */
export const PARTS = {
  up: /^up, (first|a change)/,
  "up-else": /^up, (?!first|a change)/,
  deploy: /^deploy$/,
  "deploy-blue-green": /^deploy, blue-green/,
  "deploy-canary": /^deploy, canary/,
  rollback: /^rollback/,
  scale: /^scale/,
  drills: /^drill (kill|freeze)/,
  "roll-drills": /^drill roll-under-load/,
  "bad-release-drills": /^drill never-ready/,
  down: /^down/,
} as const;
