import assert from "node:assert/strict";
import test from "node:test";
import { Headers } from "../lib/headers.js";
import { compare } from "./cases/compare.js";
import { cases } from "./cases/headers.js";

compare(cases);

test("wire: fields as they were written, in their order", () => {
  const headers = new Headers([
    ["X-B", "1"],
    ["a", " 2 "],
    ["x-b", "3"],
    ["Set-Cookie", "c=d"],
  ]);
  assert.equal(headers._wire(), "X-B: 1\r\na: 2\r\nx-b: 3\r\nSet-Cookie: c=d\r\n");
  assert.equal(new Headers()._wire(), "");
});

/** An object whose text is harmless when it is first asked for. */
function turncoat(first, then) {
  let asked = 0;
  return { toString: () => (asked++ === 0 ? first : then) };
}

test("wire: what was checked is what is sent", () => {
  for (const fill of [
    (headers) => headers.set(turncoat("a", "a: b\r\nc"), "d"),
    (headers) => headers.append(turncoat("a", "a: b\r\nc"), "d"),
    (headers) => headers.append("a", turncoat("d", "d\r\ne: f")),
    (headers) => headers.set("a", turncoat("d", "d\r\ne: f")),
  ]) {
    const headers = new Headers();
    fill(headers);
    assert.equal(headers._wire(), "a: d\r\n");
  }
});

test("wire: nothing gets in that would start another line", () => {
  for (const text of ["a\r\nb: c", "a\nb", "a\rb", "a\0", "\u010d\u010a", "a\n\u0100"]) {
    assert.throws(() => new Headers({ x: text }), TypeError);
    assert.throws(() => new Headers({ [text]: "x" }), TypeError);
    assert.throws(() => new Headers().append("x", [text]), TypeError);
  }
});

test("names: so many that they are no longer remembered", () => {
  const headers = new Headers();
  for (let i = 0; i < 3000; i++) headers.append(`X-Name-${i}`, i);
  assert.equal(headers.get("x-name-2999"), "2999");
  assert.equal(headers.get("X-NAME-5"), "5");
  headers.set("x-NAME-2999", "y");
  headers.delete("X-name-2998");
  assert.equal(headers.count, 2999);
  assert.equal(headers.get("X-Name-2999"), "y");
});

test("Headers shown on the console", async () => {
  const { inspect } = await import("node:util");
  const shown = inspect(
    new Headers([
      ["A", "1"],
      ["set-cookie", "2"],
      ["set-cookie", "3"],
    ]),
  );
  assert.equal(shown, "Headers { a: '1', 'set-cookie': [ '2', '3' ] }");
});

test("values: white space inside of a long one is passed over once", () => {
  const start = performance.now();
  const value = "a" + " ".repeat(50_000) + "b";
  assert.equal(new Headers({ a: `\t ${value}\r\n ` }).get("a"), value);
  assert.ok(performance.now() - start < 1000);
});
