import { playAll } from "./fake-tests.ts";

playAll((name) => /^(drill|down)/.test(name));
