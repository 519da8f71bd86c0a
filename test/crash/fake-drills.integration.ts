import { playAll } from "./fake-tests.ts";

playAll((name) => /^(drill (kill|freeze)|down)/.test(name));
