import { killIn } from "./real-tests.ts";

killIn("supervisor-rollback-too");
