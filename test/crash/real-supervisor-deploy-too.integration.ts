import { killIn } from "./real-tests.ts";

killIn("supervisor-deploy-too");
