import { playAll } from "./fake-tests.ts";

playAll((name) => name === "drill never-ready-release");
