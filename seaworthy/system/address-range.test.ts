import assert from "node:assert/strict";
import { test } from "node:test";
import { isAddressRange } from "./address-range.ts";

test("ranges of both families are known", () => {
  for (const good of ["10.0.0.0/8", "192.0.2.7/32", "0.0.0.0/0", "::1/128", "2001:db8::/32"]) {
    assert.equal(isAddressRange(good), true, good);
  }
  assert.equal(isAddressRange("1:2:3:4:5:6:7:8/64"), true);
});

test("anything else is refused", () => {
  const bad = ["10.0.0.0", "10.0.0.256/8", "10.0.0.0/33", "::1/129", "1::2::3/64", "1:2/64", "/8"];
  for (const text of [...bad, "a/8", "10.0.0.0/8/8", ":1:2:3:4:5:6:7/8"]) {
    assert.equal(isAddressRange(text), false, text);
  }
});
