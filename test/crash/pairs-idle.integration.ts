import { killPairsIdle } from "./pairs.ts";

killPairsIdle();
