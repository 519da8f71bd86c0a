import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../system/finding.ts";
import { locateFindings, segmentsOf } from "./locate-findings.ts";

const at = (path: string): Finding => ({
  rule: "unknown-field",
  severity: "error",
  message: "",
  places: [{ path }],
  why: "",
  fix: "",
});
const lineOf = (file: string, text: string, path: string) =>
  locateFindings([at(path)], { path: `/anywhere/${file}`, text })[0]?.places[0];

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

test("a path is taken apart as it was written", () => {
  assert.deepEqual(segmentsOf('edge.routes["/a.b"].to'), ["edge", "routes", "/a.b", "to"]);
  assert.deepEqual(segmentsOf("load.mix[2].weight"), ["load", "mix", "2", "weight"]);
});

test("YAML gives the exact line, and a missing field its parent's", () => {
  assert.deepEqual(lineOf("system.yaml", YAML, "services.api.port"), {
    path: "services.api.port",
    file: "system.yaml",
    line: 6,
  });
  assert.equal(lineOf("system.yaml", YAML, 'edge.routes["/"]')?.line, 9);
  assert.equal(lineOf("system.yaml", YAML, "services.web.run")?.line, 4);
});

test("TypeScript gives the line where the names stand in order", () => {
  assert.equal(lineOf("system.ts", TS, "services.web.port")?.line, 5);
  assert.equal(lineOf("system.ts", TS, "services.api.port")?.line, 8);
  assert.equal(lineOf("system.ts", TS, "nowhere.to.be.found")?.line, undefined);
});
