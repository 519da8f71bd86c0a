#!/usr/bin/env node
// The published program. Plain JavaScript that any Node can read, so that an old one is told so in
// one line instead of failing on syntax; a checkout has no compiled main beside it.
import { existsSync } from "node:fs";

if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(`seaworthy: Node 24 or newer is needed, this is ${process.versions.node}`);
  process.exit(1);
}
const compiled = new URL("main.js", import.meta.url);
await import(existsSync(compiled) ? compiled.href : new URL("main.ts", import.meta.url).href);
