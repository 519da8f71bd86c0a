import { playAll } from "./fake-tests.ts";

playAll((name) => name === "deploy, canary");
