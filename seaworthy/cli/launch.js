#!/usr/bin/env node
// The published program. Plain JavaScript that any Node can read, so that an old one is told so in
// one line instead of failing on syntax; a checkout has no compiled main beside it. The compile
// cache is turned on before anything else is loaded: what main imports is in it too, and a checkout
// needs no type stripper, which takes longer to start than all of `--help` (measured: 37 of 90 ms).
import { existsSync } from "node:fs";
// As a whole: an older Node, which must get as far as the check below, lacks what is called on it.
import * as nodeModule from "node:module";

if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(`seaworthy: Node 24 or newer is needed, this is ${process.versions.node}`);
  process.exit(1);
}
nodeModule.enableCompileCache();
const compiled = new URL("main.js", import.meta.url);
await import(existsSync(compiled) ? compiled.href : new URL("main.ts", import.meta.url).href);
