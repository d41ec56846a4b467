/**
 * Files that are open for as long as an object of ours is there: closed when it says so, at the
 * latest when nobody has it any more. Node's FileHandle takes the latter for an error, but nobody
 * has to read a stream to its end, or a Response at all.
 */
// Not imported: see "The same in JavaScript" in docs/architecture.md.
const fs = process.getBuiltinModule("node:fs");

const forgotten = new FinalizationRegistry((fd) => fs.close(fd, () => {}));

export class OpenFile {
  /** @param {number} fd which this object owns from now on */
  constructor(fd) {
    this.fd = fd;
    forgotten.register(this, fd, this);
  }

  close() {
    if (this.fd < 0) return;
    forgotten.unregister(this);
    // Nothing is lost if this fails: what was written has been told of before.
    fs.close(this.fd, () => {});
    this.fd = -1;
  }
}

/** Calls a function of node:fs that tells by a callback, and resolves to what it tells. */
export function ask(action, ...given) {
  return new Promise((resolve, reject) => {
    action(...given, (error, value) => (error ? reject(error) : resolve(value)));
  });
}
