import { killIn } from "./real-tests.ts";

killIn("tool-rollback");
