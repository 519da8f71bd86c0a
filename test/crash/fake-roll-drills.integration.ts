import { playAll } from "./fake-tests.ts";

playAll((name) => name === "drill roll-under-load");
