/**
 * Cases: what programs may do with Request, Response and Headers, and where we differ from others.
 *
 * Each case is run with our classes, with Node's and with Bun's (on_bun.js). Without a note all
 * must agree. A note says what differs:
 *  - `ours` and `node`: we differ from Node on purpose, for the reason in `why`; `node` is what
 *    Node's gives
 *  - `bun`: what Bun 1.4's gives; without it Bun agrees with us A result is JSON; what throws is
 *    "!" and the error's name.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Headers } from "../../lib/headers.js";
import { Request } from "../../lib/request.js";
import { Response } from "../../lib/response.js";

const ours = { Headers, Request, Response };
const platforms = {
  Headers: globalThis.Headers,
  Request: globalThis.Request,
  Response: globalThis.Response,
};

/** What a function gives, or the error that it throws. */
export function attempt(run) {
  try {
    return run();
  } catch (error) {
    return "!" + error.name;
  }
}

async function result(run, classes) {
  try {
    const value = await run(classes);
    return value === undefined ? "undefined" : JSON.parse(JSON.stringify(value));
  } catch (error) {
    return "!" + error.name;
  }
}

/** Registers a test for each case: our classes beside those of the platform that this runs on. */
export function compare(cases) {
  for (const [name, run, note = {}] of cases) {
    test(name, async () => {
      const given = { ours: await result(run, ours), platform: await result(run, platforms) };
      assert.deepEqual(given, expected(note, given.ours));
    });
  }
}

/**
 * A difference that is noted must be one: if the platform comes to agree with us, the note goes.
 */
function expected(note, given) {
  const ours = "ours" in note ? note.ours : given;
  if (process.versions.bun) return { ours, platform: "bun" in note ? note.bun : ours };
  if ("ours" in note) assert.notDeepEqual(note.ours, note.node, "a note without a difference");
  return { ours, platform: "ours" in note ? note.node : ours };
}
