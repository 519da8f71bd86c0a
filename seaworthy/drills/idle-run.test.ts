import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeHeld } from "./idle-run.ts";
import { freshNotes } from "./notes.ts";

const COUNTS = { held: 90, most: 100, refused: 4, cut: 6, unanswered: 0, exhausted: false };
const ASKED = { wanted: 100, admitted: 200, counts: COUNTS, descriptors: 1_000 };

function judged(given: Partial<Parameters<typeof judgeHeld>[1]>) {
  const notes = freshNotes();
  judgeHeld(notes, { ...ASKED, declared: undefined, ...given });
  const { connections, doubts, wrongs } = notes;
  return { connections, doubts: doubts.join(), wrongs: wrongs.join() };
}

test("all of them held is neither a wrong nor a doubt", () => {
  const counts = { ...COUNTS, held: 100 };
  assert.deepEqual(judged({ counts }), { connections: 100, doubts: "", wrongs: "" });
});

test("fewer than were to be held is a wrong, unless an objective judges their number", () => {
  assert.match(judged({}).wrongs, /90 of 100 .* 4 refused, 0 not answered, 6 cut/);
  const declared = judged({ declared: 100 });
  assert.deepEqual(declared, { connections: 90, doubts: "", wrongs: "" });
});

test("what the machine does not give is a doubt, with the number that was held", () => {
  const own = judged({ counts: { ...COUNTS, exhausted: true }, declared: 100 });
  assert.match(own.doubts, /90 of 100 .* no more descriptors or ports/);
  const edges = judged({ descriptors: 150, declared: 100 });
  assert.match(edges.doubts, /90 of 100 .* 150 descriptors here, and an edge may take two/);
  assert.equal(own.wrongs + edges.wrongs, "");
});

test("an edge that is declared to admit fewer is no matter of descriptors", () => {
  assert.equal(judged({ descriptors: 150, admitted: 90, declared: 100 }).doubts, "");
});
