/**
 * What Bun's ReadableStream has beyond the platform's: methods that read it whole, and direct
 * streams, `new ReadableStream({ type: "direct", pull(controller) { … } })`, whose `pull` is called
 * once, and writes until its promise is settled. They become ordinary streams here.
 */

const ORDINARY = { enumerable: false, configurable: true };

/**
 * Makes the global ReadableStream of `target` take them. Node loads its code of streams when the
 * global is first looked at, and so do we.
 */
export function install(target) {
  const before = Object.getOwnPropertyDescriptor(target, "ReadableStream");
  const put = (value) =>
    Object.defineProperty(target, "ReadableStream", { ...ORDINARY, value, writable: true });
  Object.defineProperty(target, "ReadableStream", {
    ...ORDINARY,
    get() {
      Object.defineProperty(target, "ReadableStream", before);
      const Class = withDirect(target.ReadableStream);
      put(Class);
      return Class;
    },
    set: put,
  });
}

/** Node's own class with another door: whatever is asked of it, Node answers. */
function withDirect(ReadableStream) {
  const Class = new Proxy(ReadableStream, {
    construct(target, given, newTarget) {
      const [source, strategy] = given;
      const isDirect = typeof source === "object" && source?.type === "direct";
      const ordinary = isDirect ? [sourceOf(source), { highWaterMark: 0, ...strategy }] : given;
      return Reflect.construct(target, ordinary, newTarget === Class ? target : newTarget);
    },
  });
  Object.defineProperty(ReadableStream.prototype, "constructor", {
    ...Object.getOwnPropertyDescriptor(ReadableStream.prototype, "constructor"),
    value: Class,
  });
  for (const [name, value] of Object.entries(readers)) {
    Object.defineProperty(ReadableStream.prototype, name, {
      value,
      writable: true,
      configurable: true,
    });
  }
  return Class;
}

/** Bun's streams can be read whole, as bodies can. */
const readers = {
  async text() {
    return new Response(this).text();
  },
  async json() {
    return new Response(this).json();
  },
  async bytes() {
    return new Response(this).bytes();
  },
  async blob() {
    return new Response(this).blob();
  },
};

/** An ordinary source that does what the direct one does. */
function sourceOf(direct) {
  let writer = null;
  return {
    pull(controller) {
      if (writer === null) {
        writer = new DirectController(controller);
        writer.run(direct);
      }
      return writer.wanted();
    },
    cancel(reason) {
      writer?.leave();
      return direct.cancel?.(reason);
    },
  };
}

const encoder = new TextEncoder();

/** What is left of the room for chunks when a writer is asked to wait for a slow reader. */
const LEAST_ROOM = -16;

/** What a direct source writes to. Everything is passed on at once. */
class DirectController {
  #controller;
  #ended = false;
  /** Called when the stream has something new for the reader that has asked. */
  #given = null;
  /** The promise, and its resolver, that a writer waits for while the reader is slow. */
  #room = null;

  constructor(controller) {
    this.#controller = controller;
  }

  async run(direct) {
    try {
      await direct.pull?.(this);
      this.end();
    } catch (error) {
      this.close(error);
    }
  }

  /** The reader wants more: resolves when there is. */
  wanted() {
    this.#room?.resolve(0);
    this.#room = null;
    return this.#ended ? undefined : new Promise((resolve) => (this.#given = resolve));
  }

  start() {}

  /** Gives the number of bytes; a promise of it if the reader is behind. */
  write(chunk) {
    const bytes = bytesOf(chunk);
    if (this.#ended || bytes.length === 0) return bytes.length;
    this.#controller.enqueue(bytes);
    this.#tell();
    const room = this.flush();
    return room === 0 ? bytes.length : room.then(() => bytes.length);
  }

  /** 0, or a promise of it while the reader is behind. */
  flush() {
    if (this.#ended || this.#controller.desiredSize > LEAST_ROOM) return 0;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  end() {
    return this.close();
  }

  /** With an error the stream fails. */
  close(error) {
    if (this.#ended) return 0;
    if (error === undefined) this.#controller.close();
    else this.#controller.error(error);
    this.leave();
    return 0;
  }

  /** Nothing can be written any more. */
  leave() {
    this.#ended = true;
    this.#tell();
    this.#room?.resolve(0);
  }

  #tell() {
    this.#given?.();
    this.#given = null;
  }
}

/** A copy, because the program may use its buffer again; an error for what has no bytes. */
function bytesOf(chunk) {
  if (typeof chunk === "string") return encoder.encode(chunk);
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
  }
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk).slice();
  throw new TypeError("a direct stream's controller.write() needs a string or bytes");
}
