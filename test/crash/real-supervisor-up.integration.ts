import { killIn } from "./real-verbs.ts";

killIn("supervisor", ["up"]);
