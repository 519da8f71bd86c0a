import { killIn } from "./real-tests.ts";

killIn("calls-up");
