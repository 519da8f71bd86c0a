import { playAll } from "./fake-tests.ts";

playAll((name) => /^(deploy|rollback|scale)/.test(name));
