import { killPairsInFreeze } from "./pairs.ts";

killPairsInFreeze();
