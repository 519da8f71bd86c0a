import { killPairsWithSwitch } from "./pairs.ts";

killPairsWithSwitch();
