import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Finding } from "../system/finding.ts";
import { locateFindings } from "./locate-findings.ts";

const YAML = `name: shop
services:
  web:
    port: 8080
  api:
    port: 80
edge:
  routes:
    "/": web
`;
const TS = `export default defineSystem({
  name: "shop",
  services: {
    web: service({
      port: 8080,
    }),
    api: service({ run: { build: "." },
      port: 80,
    }),
  },
});
`;

const at = (path: string): Finding => {
  return { rule: "any", severity: "error", message: "", places: [{ path }], why: "", fix: "" };
};

async function lineOf(file: string, text: string, path: string): Promise<number | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "seaworthy-lines-"));
  try {
    await writeFile(join(folder, file), text);
    const [found] = await locateFindings(join(folder, file), [at(path)]);
    assert.equal(found?.places[0]?.file, file);
    return found.places[0].line;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("YAML gives the exact line, and what is missing its holder's", async () => {
  assert.equal(await lineOf("system.yaml", YAML, "services.api.port"), 6);
  assert.equal(await lineOf("system.yaml", YAML, 'edge.routes["/"]'), 9);
  assert.equal(await lineOf("system.yaml", YAML, "services.web.run"), 3);
});

test("TypeScript gives the line where the names stand in order", async () => {
  assert.equal(await lineOf("system.ts", TS, "services.web.port"), 5);
  assert.equal(await lineOf("system.ts", TS, "services.api.port"), 8);
  assert.equal(await lineOf("system.ts", TS, "nowhere.to.be.found"), undefined);
});
