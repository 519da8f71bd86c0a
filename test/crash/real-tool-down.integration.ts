import { killIn } from "./real-tests.ts";

killIn("tool-down");
