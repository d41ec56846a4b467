/**
 * Sends a Response whose body is a stream piece by piece, as fast as its client takes it.
 *
 * Nothing is sent before the promise jobs of this turn have run: a stream that has come to its end
 * by then is a reply with a length, like any other. Else the head goes out, even if there is no
 * content yet, and from then on each chunk when it is there.
 *
 * All that runs code of the program (reading, cancelling) is done in promise jobs that the handler
 * has caused, so it is in the handler's context (see context.js) whatever has woken us.
 */
import { setImmediate } from "node:timers";
import { bytesOfChunk, joined } from "./body.js";
import { abortRequest, takeSlot } from "./dispatch.js";
import { print } from "./failure.js";
import * as native from "./native.js";
import { failureError, isFailureError, Watch } from "./slot_body.js";

/** What native.write says if the client is slow. */
const BEHIND = 1;
/** A stream of which so much is there at once is begun before its end is known. */
const MOST_KEPT = 64 * 1024;
/** So many chunks go out until others have their turn, however small they are. */
const CHUNKS_AT_A_TURN = 64;

/** Why the exchange ended before its reply, by Failure. */
const REASONS = [
  null,
  ["AbortError", "The client went away before it had the whole reply."],
  ["TimeoutError", "Nothing of the reply could be sent for the idle timeout."],
  ["QuotaExceededError", "The request's body is larger than maxRequestBodySize."],
  ["DataError", "The request's body is malformed."],
  ["AbortError", "The request was aborted before it had the whole reply."],
  ["AbortError", "The server was stopped before the whole reply was sent."],
];

/** Sends the content of `parts.stream`, which nobody has locked, with the head that goes before. */
export function sendStream(request, parts) {
  const reply = new ReplyStream(request, parts);
  (request._watch ??= new Watch()).reply = reply;
  reply.run();
  // The second is due when no promise job is left.
  Promise.resolve().then(() => process.nextTick(() => reply.begin()));
}

/** Ends a stream that nobody will read, because the program has to know. */
export function cancelStream(stream, reason) {
  reportFailure(stream.cancel(reason));
}

/** Prints what `cancel` of the program threw. */
function reportFailure(promise) {
  promise.catch((error) => {
    if (!isFailureError(error)) print(error);
  });
}

class ReplyStream {
  constructor(request, parts) {
    this.request = request;
    this.parts = parts;
    this.reader = parts.stream.getReader();
    /** What is still due of a length that the program declared, or null. */
    this.left = parts.length;
    /** The chunks that wait for the head; null once that is out. */
    this.kept = [];
    this.keptLength = 0;
    /** Whether the client has to take something first. */
    this.behind = false;
    /** Chunks since others had their turn. */
    this.burst = 0;
    this.resume = null;
    this.isOver = false;
    const cancelled = new Promise((resolve) => (this.cancel = resolve));
    cancelled.then((reason) => reportFailure(this.reader.cancel(reason)));
  }

  /** Reads and sends until the end of the stream or of the exchange. */
  async run() {
    try {
      while (!this.isOver) {
        if (this.behind || this.burst >= CHUNKS_AT_A_TURN) await this.turn();
        const { done, value } = await this.reader.read();
        if (this.isOver) return;
        if (done) return this.end();
        this.give(typeof value === "string" ? value : bytesOfChunk(value));
      }
    } catch (error) {
      this.fail(error);
    }
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
    if (this.kept === null) return this.write(chunk);
    // The program may use its buffer again.
    this.kept.push(typeof chunk === "string" ? chunk : new Uint8Array(chunk));
    this.keptLength += chunk.length;
    if (this.keptLength >= MOST_KEPT) this.begin();
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

  /** Sends the head and what waits for it, unless that was done. */
  begin() {
    if (this.isOver || this.kept === null) return;
    const { kept, parts } = this;
    this.kept = null;
    try {
      const { status, lines, type, length } = parts;
      native.replyStream(this.request._slot, status, lines, type, length);
      for (const chunk of kept) if (!this.isOver) this.write(chunk);
    } catch (error) {
      this.fail(error);
    }
  }

  write(chunk) {
    this.behind = native.write(this.request._slot, chunk) === BEHIND;
  }

  end() {
    if (this.left > 0) throw this.wrongLength("fewer");
    const { status, lines, type } = this.parts;
    this.leave();
    const slot = takeSlot(this.request);
    if (this.kept === null) native.finish(slot);
    else native.reply(slot, status, lines, type, joined(this.kept.map(bytesOfChunk)));
  }

  /** The client gets no end that it could take for the stream's. The error is for the log. */
  fail(error) {
    if (this.isOver) {
      if (!isFailureError(error)) print(error);
      return;
    }
    this.leave();
    print(error);
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
    this.cancel(failureError(failure, REASONS));
  }
}
