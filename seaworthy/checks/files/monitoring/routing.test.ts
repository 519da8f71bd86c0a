import assert from "node:assert/strict";
import { test } from "node:test";
import { readByContent } from "../../../facts/monitoring/read-by-content.ts";
import { matches, matchesAll } from "./label-match.ts";
import { nearestOf } from "./near-miss.ts";
import { firedBy, routesFor } from "./routing.ts";

const RULES = `groups:
  - name: shop
    rules:
      - {alert: Bare, expr: up == 0, labels: {severity: page}}
      - {alert: Summed, expr: sum by (team) (errors) > 1}
`;

function receiversOf(alert: string, routes: string): readonly string[] {
  const text = `route:\n  receiver: root\n  routes: ${routes}\nreceivers: [{name: root}]\n`;
  const manager = readByContent({ path: "alertmanager.yml", text });
  const rules = readByContent({ path: "rules.yml", text: RULES });
  assert.ok(manager?.kind === "alertmanager" && rules?.kind === "prometheus-rules");
  const rule = rules.rules.find(({ name }) => name === alert);
  assert.ok(rule !== undefined);
  return routesFor(firedBy(rule), manager.route).map(({ receiver }) => receiver?.value ?? "");
}

test("the first route that fits takes an alert, unless it continues", () => {
  const both = (first: string): string =>
    `[{receiver: a, match: {severity: page}${first}}, {receiver: b}]`;
  assert.deepEqual(receiversOf("Bare", both("")), ["a"]);
  assert.deepEqual(receiversOf("Bare", both(", continue: true")), ["a", "b"]);
});

test("a label that only the series could bring leaves both ways open", () => {
  const routes = "[{receiver: a, match: {team: pay}}]";
  assert.deepEqual(receiversOf("Bare", routes), ["a", "root"]);
  assert.deepEqual(receiversOf("Summed", routes), ["a", "root"]);
  const absent = "[{receiver: a, match: {region: eu}}]";
  assert.deepEqual(receiversOf("Summed", absent), ["root"], "the sum dropped it");
});

test("matchers are anchored, and what cannot be judged fits", () => {
  const like = (value: string) => ({ name: "job", op: "=~", value });
  assert.ok(matches(like("shop|pay"), "pay"));
  assert.ok(!matches(like("shop"), "shop-2"));
  assert.ok(!matches({ ...like("shop"), op: "!~" }, "shop"));
  assert.ok(matches(like("$job"), "anything"));
  assert.ok(matches(like("(a+)+b"), "a".repeat(150)), "not worth the time");
  assert.ok(matches(like("[".repeat(3)), "x"), "what this engine does not know");
  assert.ok(matchesAll([like("shop")], new Map()), "a label that is not known");
});

test("one name within two edits is a slip; two are none", () => {
  const names = ["node_memory_MemFree", "node_load1"];
  assert.equal(nearestOf("node_memory_Memfree", names), "node_memory_MemFree");
  assert.equal(nearestOf("node_load2", ["node_load1", "node_load5"]), undefined);
});
