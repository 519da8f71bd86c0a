import process from "node:process";
import { launch } from "@seaworthy/service-kit/launch";
import { startModelServer } from "./model-server.ts";
import { readSettings } from "./settings.ts";

await launch(process, { name: "model-server", readSettings, start: startModelServer });
