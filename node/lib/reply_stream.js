/**
 * Sends a Response whose body is a stream piece by piece, as fast as its client takes it.
 *
 * Chunks are gathered until no promise job is left to run, and then sent, with the head in front of
 * the first. So chunks that are there at once cost one write, none waits for another one, and a
 * stream that has come to its end by then is a reply with a length, like any other. The head does
 * not wait for content.
 *
 * All that runs code of the program (reading, cancelling) is done in promise jobs that the handler
 * has caused, so it is in the handler's context (see context.js) whatever has woken us.
 */
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { bytesOfChunk, joined } from "./body.js";
import { abortRequest, takeSlot } from "./dispatch.js";
import { print } from "./failure.js";
import * as native from "./native.js";
import { ENDS, failureError, isFailureError, isOfSignal, Watch } from "./slot_body.js";
import { trailerLines } from "./trailers.js";

/** What native.write says if the client is slow. */
const BEHIND = 1;
/** So much of a stream is kept to find out whether that is all of it. */
const MOST_BEFORE_HEAD = 256 * 1024;
/** So much is gathered later on; a chunk as large is sent by itself, without a copy. */
const MOST_GATHERED = 16 * 1024;
/** So many chunks go out until others have their turn, however small they are. */
const CHUNKS_AT_A_TURN = 256;

/** Sends the content of `parts.stream`, which nobody has locked, with the head that goes before. */
export function sendStream(request, parts) {
  const reply = new ReplyStream(request, parts);
  (request._watch ??= new Watch()).reply = reply;
  reply.run();
  // In a promise job: only from there `nextTick` is when none is left.
  Promise.resolve().then(() => reply.flushSoon());
}

/** Ends a stream of a reply that nobody will read, because the program has to know. */
export function cancelStream(request, stream, reason) {
  stream.cancel(reason).catch((error) => printOf(request, error));
}

/** Prints what a stream threw, unless it says only that the exchange had ended. */
function printOf(request, error) {
  if (!isFailureError(error) && !isOfSignal(request, error)) print(error);
}

class ReplyStream {
  constructor(request, parts) {
    this.request = request;
    this.parts = parts;
    this.reader = parts.stream.getReader();
    /** What is still due of a length that the program declared, or null. */
    this.left = parts.length;
    this.hasHead = false;
    /** Chunks that are going to be sent together. */
    this.gathered = [];
    this.gatheredLength = 0;
    this.flushes = false;
    /** Whether the client has to take something first. */
    this.behind = false;
    /** Chunks since others had their turn. */
    this.burst = 0;
    this.resume = null;
    this.isOver = false;
    const cancelled = new Promise((resolve) => (this.cancel = resolve));
    cancelled
      .then((reason) => this.reader.cancel(reason))
      .catch((error) => printOf(request, error));
  }

  /** Reads and sends until the end of the stream or of the exchange. */
  async run() {
    try {
      while (!this.isOver) {
        while (this.mustWait()) await this.turn();
        const { done, value } = await this.reader.read();
        if (this.isOver) return;
        if (done) return this.parts.trailers ? await this.endWithTrailers() : this.end("");
        this.give(typeof value === "string" ? value : bytesOfChunk(value));
      }
    } catch (error) {
      this.fail(error);
    }
  }

  mustWait() {
    return !this.isOver && (this.behind || this.burst >= CHUNKS_AT_A_TURN);
  }

  /** Resolves when there is room again, or when others had their turn, or when all is over. */
  turn() {
    this.burst = 0;
    return new Promise((resolve) => {
      this.resume = resolve;
      if (!this.behind) setImmediate(resolve);
    });
  }

  give(chunk) {
    ++this.burst;
    if (this.left !== null) this.count(chunk);
    if (this.hasHead && chunk.length >= MOST_GATHERED) {
      this.flush();
      if (!this.isOver) this.write(chunk);
      return;
    }
    // The program may use its buffer again.
    this.gathered.push(typeof chunk === "string" ? chunk : new Uint8Array(chunk));
    this.gatheredLength += chunk.length;
    if (this.gatheredLength < (this.hasHead ? MOST_GATHERED : MOST_BEFORE_HEAD)) this.flushSoon();
    else this.flush();
  }

  /** No client may take more or less than what was declared for the whole. */
  count(chunk) {
    this.left -= Buffer.byteLength(chunk);
    if (this.left < 0) throw this.wrongLength("more");
  }

  wrongLength(than) {
    const declared = `Content-Length of ${this.parts.length}`;
    return new RangeError(`A stream has ${than} bytes than its Response's ${declared}`);
  }

  flushSoon() {
    if (this.flushes) return;
    this.flushes = true;
    process.nextTick(() => {
      this.flushes = false;
      try {
        this.flush();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  /** Sends the head, unless that was done, and what was gathered. */
  flush() {
    if (this.isOver) return;
    if (!this.hasHead) this.sendHead();
    if (this.gathered.length > 0 && !this.isOver) this.write(this.takeGathered());
  }

  sendHead() {
    const { status, lines, type, length } = this.parts;
    this.hasHead = true;
    const wanted = native.replyStream(this.request._slot, status, lines, type, length);
    // The slot has ended, which `gone` has told unless nobody listened yet.
    if (!wanted && !this.isOver) takeSlot(this.request);
  }

  takeGathered() {
    const { gathered } = this;
    this.gathered = [];
    this.gatheredLength = 0;
    if (gathered.every((chunk) => typeof chunk === "string")) return gathered.join("");
    return joined(gathered.map(bytesOfChunk));
  }

  write(piece) {
    this.behind = native.write(this.request._slot, piece) === BEHIND;
  }

  /** The head goes first: a reply that is whole has a length, and no room for trailers. */
  async endWithTrailers() {
    const lines = await trailerLines(this.parts.trailers);
    if (this.isOver) return;
    if (lines !== "") this.flush();
    this.end(lines);
  }

  end(trailers) {
    if (this.left > 0) throw this.wrongLength("fewer");
    if (this.hasHead) this.flush();
    if (this.isOver) return;
    this.leave();
    const slot = takeSlot(this.request);
    if (this.hasHead) return void native.finish(slot, trailers);
    const { status, lines, type } = this.parts;
    native.reply(slot, status, lines, type, this.takeGathered());
  }

  /** The client gets no end that it could take for the stream's. The error is for the log. */
  fail(error) {
    // What came before is the client's.
    if (this.hasHead) this.flush();
    if (this.isOver) return printOf(this.request, error);
    this.leave();
    if (!isOfSignal(this.request, error)) print(error);
    this.reader.cancel(error).catch(() => {});
    abortRequest(this.request);
  }

  leave() {
    this.isOver = true;
    this.request._watch.reply = null;
  }

  /** There is room again. */
  drained() {
    this.behind = false;
    this.resume?.();
  }

  /** The exchange has ended, for a Failure. */
  over(failure) {
    if (this.isOver) return;
    this.leave();
    this.resume?.();
    this.cancel(failureError(failure, ENDS));
  }
}
