import assert from "node:assert/strict";
import { it } from "node:test";
import { aGraph, aService, anEdge } from "../declared.ts";
import { TargetError } from "../target.ts";
import { edgeFiles } from "./edge-files.ts";

const graph = aGraph([aService()], {
  edge: anEdge({ tls: { certificate: "tls/edge.pem", key: "/etc/edge.key" } }),
});

it("paths of a certificate are relative to the declaration, absolute ones stay", () => {
  assert.deepEqual(edgeFiles({ graph, systemFolder: "/srv/shop" }), {
    certificate: "/srv/shop/tls/edge.pem",
    key: "/etc/edge.key",
  });
});

it("without a certificate no folder is needed, as in what an older version wrote", () => {
  const plain = aGraph([aService()]);
  assert.equal(edgeFiles({ graph: plain, systemFolder: undefined }), undefined);
  assert.equal(edgeFiles({ graph: undefined, systemFolder: undefined }), undefined);
});

it("a certificate that is relative to nothing is said, not guessed", () => {
  assert.throws(() => edgeFiles({ graph, systemFolder: undefined }), TargetError);
});
