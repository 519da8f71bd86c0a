import { playAll } from "./fake-tests.ts";

playAll((name) => /^up, (first|a change)/.test(name));
