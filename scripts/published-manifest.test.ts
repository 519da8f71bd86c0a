import { deepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import { publishedManifest } from "./published-manifest.ts";

test("a published door opens on compiled code with its types, the rest stays", () => {
  const manifest = { name: "a", exports: { ".": "./a.ts", "./*": "./*.ts", "./b": "./b.json" } };
  deepStrictEqual(JSON.parse(publishedManifest(JSON.stringify(manifest))), {
    name: "a",
    exports: {
      ".": { types: "./a.d.ts", default: "./a.js" },
      "./*": { types: "./*.d.ts", default: "./*.js" },
      "./b": "./b.json",
    },
  });
});
