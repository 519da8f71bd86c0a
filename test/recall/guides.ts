import { existsSync } from "node:fs";
import { join } from "node:path";

/** The guides whose defects are known, by the number that the rows call them by. */
export const GUIDES = {
  "000": "jairouter-production.en.md",
  "001": "jairouter-production.zh.md",
  "002": "ralph-production.zh.md",
  "003": "web3-cex-deployment.zh.md",
} as const;

export type GuideId = keyof typeof GUIDES;

export const GUIDE_IDS = ["000", "001", "002", "003"] as const satisfies readonly GuideId[];

/** Present where the guides lie beside the checkout. */
export const GUIDES_FOLDER = join(import.meta.dirname, "../../../shared/seeds");

/** Why nothing can be measured here; false when all four guides are there. */
export function guidesAreMissing(folder = GUIDES_FOLDER): string | false {
  const areHere = GUIDE_IDS.every((id) => existsSync(join(folder, GUIDES[id])));
  return areHere ? false : "not run: the guides are not here";
}

export function isGuideId(text: string): text is GuideId {
  return GUIDE_IDS.some((id) => id === text);
}
