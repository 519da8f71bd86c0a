/** Which environment a path is for; undefined where it says none. */
export type Stage = "production" | "staging" | "test" | "development" | "demo";

const STAGE_OF: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ["prod", "production"],
  ["production", "production"],
  ["prd", "production"],
  ["staging", "staging"],
  ["stage", "staging"],
  ["stg", "staging"],
  ["preprod", "staging"],
  ["uat", "staging"],
  ["test", "test"],
  ["testing", "test"],
  ["qa", "test"],
  ["ci", "test"],
  ["e2e", "test"],
  ["dev", "development"],
  ["devel", "development"],
  ["development", "development"],
  ["local", "development"],
  ["debug", "development"],
  ["demo", "demo"],
]);

/** The last word of a path that names one: `overlays/dev/prod-ready.yaml` is production's. */
export function stageOf(path: string): Stage | undefined {
  let stage: Stage | undefined;
  for (const word of path
    .slice(-500)
    .toLowerCase()
    .split(/[^a-z0-9]+/)) {
    stage = STAGE_OF.get(word) ?? stage;
  }
  return stage;
}

/** What names no environment goes with every one. */
export function goTogether(a: Stage | undefined, b: Stage | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}
