import { killPairsInRoll } from "./pairs.ts";

killPairsInRoll();
