import { killIn } from "./real-verbs.ts";

killIn("tool", ["drill"]);
