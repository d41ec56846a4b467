/**
 * Runs handlers: takes requests from the addon and gives it what they come to. The common ways are
 * short, because every request takes one of them; the uncommon ones are in send.js and failure.js.
 */
import * as native from "./native.js";
import { isolated, needsIsolation } from "./context.js";
import { setCookieLines } from "./cookie_map.js";
import { fail } from "./failure.js";
import { requestFromSlot } from "./request.js";
import { Response } from "./response.js";
import { discard, send } from "./send.js";

const { registers, replyTexts } = native;
const { then } = Promise.prototype;
const resolved = Promise.resolve();

const TEXT_TYPE = "text/plain;charset=utf-8";
const JSON_TYPE = "application/json;charset=utf-8";

/** The places in `registers`: of the one request of `dispatch`, or added to the place of another. */
const STATUS = 0;
const TYPE = 1;
const SLOT = 2;
const HANDLER = 3;
const LENGTH = 4;
const END = 5;
const PARAMETERS = 6;
const FIRST_PARAMETER = 7;
/** So many places has a request; those of `dispatchAll` begin behind the first. */
const PLACES = 13;
/** How many requests `dispatchAll` is given: in a place that `dispatch` does not need. */
const COUNT = 5;
const NO_TEXT = 0xffff_ffff;
/** Longer texts are not worth being joined with others. */
const LONGEST_JOINED = 2048;
/** For so many requests `dispatchAll` has places, and behind those `replyTexts` for as many. */
const MOST_TOGETHER = 32;
const LATER = (1 + MOST_TOGETHER) * PLACES;
/** What registers[TYPE] says. */
const TYPE_JSON = 1;
const TYPE_NONE = 2;
/** So many parameters come along with `dispatch`; further ones are fetched. */
const MOST_ARGUMENTS = 3;

/**
 * A handler of a route, or `fetch`. The addon knows it by its number, its place in this list.
 * @typedef {object} Entry
 * @property {(this: object, request: object, server: object) => unknown} handler
 * @property {object} server
 * @property {string[] | null} names of the route's parameters, in the order of the pattern
 * @property {((this: object, error: unknown) => unknown) | undefined} error
 * @property {((slot: number, head: string) => void) | null} receive takes requests in the place of
 *   all the others, for another face than fetch's (see http_server.js)
 */
/** @type {(Entry | undefined)[]} */
const entries = [];
const freeNumbers = [];

/** Requests whose reply comes later, or that are being waited for, by slot. */
const pending = [];

/** Gives an entry its number. */
export function addEntry(entry) {
  const number = freeNumbers.length > 0 ? freeNumbers.pop() : entries.length;
  entries[number] = entry;
  return number;
}

/** For an entry that no table uses any more. */
export function removeEntry(number) {
  entries[number] = undefined;
  freeNumbers.push(number);
}

/** The table's function; see native.d.ts. */
export function dispatch(head, first, second, third) {
  const slot = registers[SLOT];
  const entry = entries[registers[HANDLER]];
  if (entry.receive !== null) return void receive(entry, slot, head);
  const request = requestFromSlot(slot, head, entry.server);
  try {
    const { names } = entry;
    if (names !== null) request._params = paramsOf(slot, names, first, second, third);
    return needsIsolation() ? isolated(run, entry, request, slot, 0) : run(entry, request, slot, 0);
  } catch (error) {
    handlingFailed(entry, request, slot, error);
  }
  return undefined;
}

/** What it throws is nobody's to answer, as in node:http: it ends the process. */
function receive(entry, slot, head) {
  try {
    if (needsIsolation()) isolated(entry.receive, slot, head);
    else entry.receive(slot, head);
  } catch (error) {
    process.nextTick(rethrow, error);
  }
}

function rethrow(error) {
  throw error;
}

/**
 * What `dispatchAll` has come to so far: texts, joined, of as many requests. An object of its own for
 * each batch, because whatever is written to an old one is noted for the next collection of garbage.
 */
let batch = { texts: "", handled: 0 };

/** The table's function; see native.d.ts. */
export function dispatchAll(heads) {
  const count = registers[COUNT];
  let start = 0;
  const present = { texts: "", handled: 0 };
  batch = present;
  for (let i = 0, place = PLACES; i < count; i++, place += PLACES) {
    const end = registers[place + END];
    const slot = registers[place + SLOT];
    const entry = entries[registers[place + HANDLER]];
    const text = dispatchAt(place, slot, entry, heads.slice(start, end), heads);
    start = end;
    if (text === undefined) {
      registers[place + LENGTH] = NO_TEXT;
    } else {
      registers[place + LENGTH] = text.length;
      present.texts += text;
    }
    present.handled = i + 1;
  }
  present.handled = 0;
  return present.texts;
}

/** Sends what waits to be sent with other replies: before something that would cut it off. */
export function sendWaiting() {
  const { texts, handled } = batch;
  let start = 0;
  for (let i = 0, place = PLACES; i < handled; i++, place += PLACES) {
    const length = registers[place + LENGTH];
    if (length === NO_TEXT) continue;
    replyAlone(place, registers[place + SLOT], texts.slice(start, start + length));
    registers[place + LENGTH] = NO_TEXT;
    start += length;
  }
  // What `dispatchAll` gives in the end belongs to the requests behind these alone.
  batch.texts = "";
  sendLater();
  native.sendDue();
}

/** One request of `dispatchAll`. Gives a text that is to be joined with those of others. */
function dispatchAt(place, slot, entry, head, heads) {
  if (entry.receive !== null) return void receive(entry, slot, head);
  // Stopped at once by a handler before, when this request had not been read yet.
  if (entry.server._isCut) return undefined;
  const request = requestFromSlot(slot, head, entry.server);
  try {
    const { names } = entry;
    if (names !== null) request._params = paramsAt(place, slot, names, heads);
    const text = needsIsolation()
      ? isolated(run, entry, request, slot, place)
      : run(entry, request, slot, place);
    if (text === undefined || text.length <= LONGEST_JOINED) return text;
    replyAlone(place, slot, text);
  } catch (error) {
    handlingFailed(entry, request, slot, error);
  }
  return undefined;
}

/** Sends a text that `run` has given. */
function replyAlone(place, slot, text) {
  const type = [TEXT_TYPE, JSON_TYPE, null][registers[place + TYPE]];
  const status = registers[place + STATUS];
  registers[place + TYPE] = 0;
  registers[place + STATUS] = 200;
  native.reply(slot, status, null, type, text);
}

/** What is left: the stack is exhausted, or parameters cannot be read. */
function handlingFailed(entry, request, slot, error) {
  if (request._slot >= 0) pending[slot] = request;
  fail(entry, request, error);
}

/**
 * Runs the handler, and what it makes the library call. Gives the text to reply with, of which the
 * registers at `place` say more; undefined if there is none, or not yet.
 */
function run(entry, request, slot, place) {
  const { server } = entry;
  try {
    const result = entry.handler.call(server, request, server);
    if (isPlain(result) && request._slot >= 0) {
      if (request._cookies !== undefined) giveCookies(request);
      return plainBody(request, result, place);
    }
    if (request._slot >= 0) pending[slot] = request;
    settle(entry, request, result);
  } catch (error) {
    if (request._slot >= 0) pending[slot] = request;
    fail(entry, request, error);
  }
  return undefined;
}

/** Takes the text of a plain Response as the reply to a request. */
function plainBody(request, response, place) {
  response._used = true;
  noteHead(place, response);
  request._slot = -1;
  if (request._watch !== undefined) request._detached(0);
  return response._body;
}

/** Where it is not what the addon takes it for anyway. */
function noteHead(place, response) {
  const type = response._type;
  if (response._status !== 200) registers[place + STATUS] = response._status;
  if (type !== TEXT_TYPE) registers[place + TYPE] = type === JSON_TYPE ? TYPE_JSON : TYPE_NONE;
}

/**
 * Whether a result is a Response of ours that can be sent as it is: text, of one of the types that
 * registers know, without fields. Parsed JSON may have all the rest, but not this constructor; the
 * private name that tells for sure is slow to ask of anything but a Response, a Promise say.
 */
function isPlain(result) {
  return (
    result !== null &&
    typeof result === "object" &&
    result.constructor === Response &&
    result._status >= 200 &&
    result._status <= 599 &&
    result._headers === null &&
    typeof result._body === "string" &&
    result._used === false &&
    (result._type === TEXT_TYPE || result._type === JSON_TYPE || result._type === null)
  );
}

function paramsOf(slot, names, first, second, third) {
  const params = {};
  if (names.length > MOST_ARGUMENTS) {
    const list = native.parameters(slot);
    for (let i = 0; i < list.length; i += 2) params[list[i]] = list[i + 1];
    return params;
  }
  if (names.length > 0) params[names[0]] = first;
  if (names.length > 1) params[names[1]] = second;
  if (names.length > 2) params[names[2]] = third;
  return params;
}

/** The parameters of a request of `dispatchAll`, which stand in its head if they are simple. */
function paramsAt(place, slot, names, heads) {
  const count = registers[place + PARAMETERS];
  const params = {};
  if (count > MOST_ARGUMENTS) {
    const list = native.parameters(slot);
    for (let i = 0; i < list.length; i += 2) params[list[i]] = list[i + 1];
    return params;
  }
  for (let i = 0, at = place + FIRST_PARAMETER; i < count; i++, at += 2) {
    params[names[i]] = heads.slice(registers[at], registers[at + 1]);
  }
  return params;
}

/** Cheaper than to await it, and to the same effect. */
function wait(entry, request, promise) {
  then.call(
    Promise.resolve(promise),
    (result) => arrived(entry, request, result),
    (error) => fail(entry, request, error),
  );
}

function arrived(entry, request, result) {
  try {
    const short = isPlain(result) && result._body.length <= LONGEST_JOINED;
    if (short && request._slot >= 0) replyLater(request, result);
    else settle(entry, request, result);
  } catch (error) {
    fail(entry, request, error);
  }
}

/** Texts of handlers that gave a Promise, which go to the addon together: joined, of so many. */
let laterTexts = "";
let laterCount = 0;

/** Replies with a plain Response to a pending request, when the jobs that are queued have run. */
function replyLater(request, response) {
  const place = LATER + laterCount * PLACES;
  const text = response._body;
  registers[place + SLOT] = takeSlot(request);
  registers[place + LENGTH] = text.length;
  noteHead(place, response);
  response._used = true;
  laterTexts += text;
  laterCount++;
  if (laterCount === MOST_TOGETHER) sendLater();
  else if (laterCount === 1) then.call(resolved, sendLater);
}

function sendLater() {
  if (laterCount === 0) return;
  const joined = laterTexts;
  registers[COUNT] = laterCount;
  laterTexts = "";
  laterCount = 0;
  replyTexts(joined);
}

/** For every result that is not sent at once. */
function settle(entry, request, result) {
  // Only Responses of ours have `_status`, which is quicker to ask than what a Promise is.
  if (result?._status === undefined && typeof result?.then === "function") {
    wait(entry, request, result);
  } else if (request._slot >= 0) {
    send(entry, request, result);
  } else {
    discard(request, result);
  }
}

/** The table's function: the body that was waited for is here, or never will be. */
export function body(slot, failure) {
  pending[slot]?._bodyArrived(failure);
}

/** The table's function: the client has sent its end, or the exchange is over. */
export function gone(slot, failure, over) {
  const request = pending[slot];
  if (request === undefined) return;
  if (over) {
    pending[slot] = undefined;
    request._slot = -1;
  }
  // The signal may be asked for later, and must be aborted then.
  void request.signal;
  if (needsIsolation()) isolated(tellGone, request, failure, over);
  else tellGone(request, failure, over);
}

function tellGone(request, failure, over) {
  request._clientGone();
  if (over && request._watch !== undefined) request._detached(failure);
}

/** The table's function: what was written to a slow client has left. */
export function drained(slot) {
  pending[slot]?._watch?.reply?.drained();
}

/** Takes the slot of a pending request for its reply. */
export function takeSlot(request) {
  if (request._cookies !== undefined) giveCookies(request);
  return forgetSlot(request);
}

/** Forgets the slot of a pending request whose reply is on its way. */
export function forgetSlot(request) {
  const slot = request._slot;
  pending[slot] = undefined;
  request._slot = -1;
  if (request._watch !== undefined) request._detached(0);
  return slot;
}

/** Tells the engine what cookies go out with whatever reply leaves. */
export function giveCookies(request) {
  const lines = setCookieLines(request._cookies);
  if (lines !== "") native.addFields(request._slot, lines);
}

/** Takes the slot of a request for a try that may fail: nobody is told. */
export function releaseSlot(request) {
  const slot = request._slot;
  pending[slot] = undefined;
  request._slot = -1;
  return slot;
}

/** Gives the slot back to a request whose reply was refused: the addon still has it. */
export function giveSlotBack(request, slot) {
  request._slot = slot;
  pending[slot] = request;
}

/** For what stands in a Request's place at a slot; it has the same members for the table. */
export function holdSlot(slot, held) {
  pending[slot] = held;
}

export function dropSlot(slot) {
  pending[slot] = undefined;
}

/** All that stands at a slot. */
export function heldAtSlots() {
  return pending.filter((held) => held !== undefined);
}

/** Ends a request's connection; false if it was over. */
export function abortRequest(request) {
  const slot = request._slot;
  if (!(slot >= 0)) return false;
  pending[slot] = undefined;
  request._slot = -1;
  const aborted = native.abort(slot);
  request._clientGone();
  if (request._watch !== undefined) request._detached(5);
  return aborted;
}
