import { playAll } from "./fake-tests.ts";

playAll((name) => name.startsWith("down"));
