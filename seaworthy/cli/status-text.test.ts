import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateLine } from "./status-text.ts";

const NOW_MS = Date.UTC(2026, 10, 20, 12);
const served = {
  certificateFile: "/srv/shop/edge.pem",
  serverName: undefined,
  notAfter: "2026-12-20T13:00:00.000Z",
  problem: undefined,
};

test("a certificate says how many whole days are left, or when it ended", () => {
  assert.equal(certificateLine(undefined, NOW_MS), undefined);
  assert.equal(
    certificateLine(served, NOW_MS),
    "certificate good for 30 more days, until 2026-12-20T13:00:00.000Z",
  );
  const lastDay = { ...served, notAfter: "2026-11-21T11:59:59.000Z" };
  assert.match(certificateLine(lastDay, NOW_MS) ?? "", /good for 0 more days/);
  const over = { ...served, notAfter: "2026-11-20T11:59:59.000Z" };
  assert.equal(certificateLine(over, NOW_MS), "certificate expired on 2026-11-20T11:59:59.000Z");
});

test("files that are refused are told beside what is served, and an unknown end is", () => {
  const problem = "edge.key is not the key of the certificate";
  assert.match(
    certificateLine({ ...served, problem }, NOW_MS) ?? "",
    /30 more days.* · its files are not taken: edge\.key is not the key/,
  );
  assert.equal(
    certificateLine({ ...served, notAfter: undefined }, NOW_MS),
    "certificate is not known",
  );
});
