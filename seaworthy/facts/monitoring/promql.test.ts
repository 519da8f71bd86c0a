import assert from "node:assert/strict";
import { test } from "node:test";
import { expressionsIn, readQuery, selectorsIn } from "./promql.ts";

test("a ratio is read with its matchers, ranges and grouping", () => {
  const { expression, errors } = readQuery(
    'sum by (job) (rate(a_total{status=~"5.."}[5m])) / on (job) sum(rate(b_total[1m])) > 0.05',
  );
  assert.deepEqual(errors, []);
  assert.equal(expression.type, "binary");
  assert.ok(expression.type === "binary" && expression.left.type === "binary");
  const { left: ratio, op, right } = expression;
  assert.deepEqual([op, right], [">", { type: "number", from: right.from, value: 0.05 }]);
  assert.ok(ratio.type === "binary" && ratio.left.type === "aggregation");
  assert.deepEqual(ratio.matching, { type: "on", labels: ["job"] });
  assert.deepEqual(ratio.left.grouping, { type: "by", labels: ["job"] });
  const [first, second] = selectorsIn(expression);
  assert.deepEqual(
    first?.matchers.map(({ name, op: how, value }) => [name, how, value]),
    [["status", "=~", "5.."]],
  );
  assert.deepEqual([first?.range, second?.metric, second?.range], ["5m", "b_total", "1m"]);
});

test("a metric that only a matcher names is a metric", () => {
  const [selector] = selectorsIn(readQuery('{__name__="up", job="shop"}').expression);
  assert.equal(selector?.metric, "up");
  assert.deepEqual(
    selector?.matchers.map(({ name }) => name),
    ["job"],
  );
});

test("offsets, subqueries and signs keep what they are put upon", () => {
  const query = "max_over_time(rate(a[5m])[1h:]) - a offset 1d > -1";
  const metrics = selectorsIn(readQuery(query).expression).map(({ metric }) => metric);
  assert.deepEqual(metrics, ["a", "a"]);
  const numbers = [...expressionsIn(readQuery("a > -1").expression)].flatMap((part) =>
    part.type === "number" ? [part.value] : [],
  );
  assert.deepEqual(numbers, [-1]);
});

test("what is no PromQL says where", () => {
  assert.ok(readQuery("rate(a[5m]").errors.length > 0);
  assert.ok(readQuery("sum(").errors.length > 0);
});

test("hostile expressions are answered in time", () => {
  assert.equal(readQuery("(".repeat(10_000)).expression.type, "unknown");
  assert.equal(readQuery("a+".repeat(200_000)).expression.type, "unknown");
  assert.doesNotThrow(() => selectorsIn(readQuery("a+".repeat(9000)).expression));
  assert.doesNotThrow(() => selectorsIn(readQuery("-".repeat(9000)).expression));
});
