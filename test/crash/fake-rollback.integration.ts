import { playAll } from "./fake-tests.ts";

playAll((name) => /^(rollback|scale)/.test(name));
