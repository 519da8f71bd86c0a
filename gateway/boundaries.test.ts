import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventStream } from "./event-stream.ts";
import { closeFrame, FrameTracker } from "./websocket-frames.ts";

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly size: number;
  readonly isMasked: boolean;
}

function bytesOf({ opcode, isFinal, size, isMasked }: Frame): Buffer {
  const first = (isFinal ? 0x80 : 0) | opcode;
  const mask = isMasked ? 0x80 : 0;
  // 0x88 is what a close frame begins with: a payload must not be read as a header.
  const rest = [isMasked ? Buffer.alloc(4, 0x88) : Buffer.alloc(0), Buffer.alloc(size, 0x88)];
  if (size < 126) return Buffer.concat([Buffer.from([first, mask | size]), ...rest]);
  if (size < 65_536) {
    const head = Buffer.from([first, mask | 126, size >> 8, size & 0xff]);
    return Buffer.concat([head, ...rest]);
  }
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = mask | 127;
  head.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([head, ...rest]);
}

/** Whole messages: frames of one, with pings between them, the last one final. */
const messages = fc.array(
  fc.array(
    fc.record({ size: fc.constantFrom(0, 1, 125, 126, 300, 65_536), isPing: fc.boolean() }),
    { minLength: 1, maxLength: 4 },
  ),
  { minLength: 1, maxLength: 6 },
);

function framesOf(message: readonly { size: number; isPing: boolean }[], isMasked: boolean) {
  return message.flatMap(({ size, isPing }, index): readonly Frame[] => {
    const isFinal = index === message.length - 1;
    const part = { opcode: index === 0 ? 2 : 0, isFinal, size, isMasked };
    const ping = { opcode: 9, isFinal: true, size: size % 126, isMasked };
    return isPing ? [ping, part] : [part];
  });
}

test("a frame of ours may stand exactly where a message has passed whole, however cut", () => {
  fc.assert(
    fc.property(messages, fc.boolean(), fc.array(fc.nat()), (all, isMasked, cuts) => {
      const ends = new Set<number>([0]);
      let total = 0;
      for (const message of all) {
        const frames = framesOf(message, isMasked);
        for (const [index, frame] of frames.entries()) {
          total += bytesOf(frame).length;
          // Before the first frame with data a ping stands alone.
          const isBefore = frames.slice(0, index + 1).every(({ opcode }) => opcode === 9);
          if (isBefore || index === frames.length - 1) ends.add(total);
        }
      }
      const bytes = Buffer.concat(all.flatMap((one) => framesOf(one, isMasked).map(bytesOf)));
      const places = [...cuts.map((cut) => cut % (total + 1)), total].toSorted((a, b) => a - b);
      const tracker = new FrameTracker();
      let from = 0;
      for (const to of places) {
        const lastEnd = tracker.scan(bytes.subarray(from, to));
        const inside = [...ends].filter((end) => end > from && end <= to);
        assert.equal(lastEnd === -1 ? -1 : from + lastEnd, inside.at(-1) ?? -1);
        assert.equal(tracker.isBetweenMessages, ends.has(to));
        from = to;
      }
      assert.equal(tracker.hasClosed, false);
    }),
    { numRuns: 60 },
  );
});

test("a close frame of either side is seen, and ours says 1012", () => {
  const frame = closeFrame();
  assert.equal(frame.readUInt16BE(2), 1_012);
  assert.equal(frame.subarray(4).toString(), "service restart");
  const tracker = new FrameTracker();
  assert.equal(tracker.scan(frame), frame.length);
  assert.equal(tracker.hasClosed, true);
});

test("what cannot be a frame is never a place for one of ours", () => {
  const tracker = new FrameTracker();
  const endless = Buffer.alloc(10, 0xff);
  endless[0] = 0x82;
  endless[1] = 127;
  assert.equal(tracker.scan(endless), -1);
  assert.equal(tracker.scan(Buffer.alloc(1_000)), -1);
  assert.equal(tracker.isBetweenMessages, false);
});

test("an event ends after an empty line, in each of the three spellings", () => {
  const mayEndAfter = (text: string): boolean => {
    const stream = new EventStream();
    assert.equal(stream.pass(Buffer.from(text)).toString(), text);
    stream.end();
    return stream.isOver;
  };
  for (const text of ["", "data: 1\n\n", "data: 1\r\n\r\n", "data: 1\r\r", "a\n\r\n", "a\r\n\r"]) {
    assert.ok(mayEndAfter(text), JSON.stringify(text));
  }
  for (const text of ["data: 1", "data: 1\n", "data: 1\r\n", "data: 1\n\nd", "\n"]) {
    assert.ok(!mayEndAfter(text), JSON.stringify(text));
  }
});

test("a stream that is to end sends its last event whole and nothing of the next", () => {
  const line = fc.constantFrom("data: 1", "id: 7", "", ": beat");
  const text = fc.array(line, { maxLength: 20 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, fc.nat({ max: 200 }), fc.integer({ min: 1, max: 9 }), (whole, at, size) => {
      const bytes = Buffer.from(whole);
      const cut = at % (bytes.length + 1);
      const stream = new EventStream();
      let sent = stream.pass(bytes.subarray(0, cut)).toString();
      stream.end();
      for (let from = cut; from < bytes.length && !stream.isOver; from += size) {
        sent += stream.pass(bytes.subarray(from, from + size)).toString();
      }
      assert.ok(whole.startsWith(sent));
      assert.equal(stream.isOver, sent === "" || sent.endsWith("\n\n"));
      if (!stream.isOver) assert.equal(sent, whole);
    }),
  );
});
