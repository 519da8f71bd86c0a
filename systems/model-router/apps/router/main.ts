import process from "node:process";
import { launch } from "@seaworthy/service-kit/launch";
import { startRouter } from "./router.ts";
import { readSettings } from "./settings.ts";

await launch(process, { name: "router", readSettings, start: startRouter });
