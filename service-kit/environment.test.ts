import assert from "node:assert/strict";
import { test } from "node:test";
import { type Environment, parseEnvironment } from "./environment.ts";

const read = (environment: Environment) =>
  parseEnvironment(environment, (reader) => ({
    name: reader.text("NAME"),
    count: reader.integer("COUNT", { min: 1, max: 9, fallback: 3 }),
    level: reader.choice("LEVEL", { choices: ["low", "high"], fallback: "low" }),
    models: reader.list("MODELS", { fallback: "a" }),
    origin: reader.origin("API_URL", { fallback: "http://127.0.0.1:80" }),
  }));

test("reads what is there and falls back where it may", () => {
  const parsed = read({ NAME: "n", COUNT: "9", MODELS: "a, b", API_URL: "http://h:8080/" });
  assert.deepEqual(parsed, {
    ok: true,
    value: { name: "n", count: 9, level: "low", models: ["a", "b"], origin: "http://h:8080" },
  });
});

test("names all faults at once, each with what was expected", () => {
  const parsed = read({ COUNT: "10", LEVEL: "medium", MODELS: "a,,a", API_URL: "http://h/path" });
  assert.deepEqual(parsed, {
    ok: false,
    faults: [
      "NAME is missing",
      'COUNT is "10": expected a whole number from 1 to 9',
      'LEVEL is "medium": expected one of low, high',
      'MODELS is "a,,a": an empty name between commas',
      'MODELS is "a,,a": a name stands twice',
      'API_URL is "http://h/path": expected an address like http://127.0.0.1:8080',
    ],
  });
});

test("refuses numbers that only look like numbers", () => {
  for (const text of ["1.5", "0x5", "1e0", " 5", "5 ", "five", "-1", "99999999999999999999"]) {
    assert.equal(read({ NAME: "n", COUNT: text }).ok, false, text);
  }
});

test("takes an empty text for absent, as most platforms mean it", () => {
  const parsed = read({ NAME: "", COUNT: "" });
  assert.deepEqual(parsed, { ok: false, faults: ["NAME is missing"] });
});

test("refuses addresses with credentials or another protocol", () => {
  for (const url of ["ftp://h", "http://u:p@h", "h:80", "http://h/?q", "http://"]) {
    assert.equal(read({ NAME: "n", API_URL: url }).ok, false, url);
  }
});
