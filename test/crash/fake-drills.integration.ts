import { playAll } from "./fake-tests.ts";

playAll((name) => /^drill (kill|freeze)/.test(name));
