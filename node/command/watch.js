/**
 * Tells when files change. Folders are watched, not files, because many editors write a new file
 * and give it the old one's name.
 */
import { basename, dirname, join } from "node:path";

// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { statSync, watch } = process.getBuiltinModule("node:fs");

/** Milliseconds of silence: whoever saves several files, or one in several steps, is done then. */
const SILENCE = 30;

export class Watcher {
  #changed;
  /** What each file was like when it was read. */
  #files = new Map();
  #folders = new Map();
  #timer = null;
  /** Files that are not there, but would be read if they were. */
  #isAnyWanted = () => false;

  /** @param {() => void} changed is called when files that were added are others than before */
  constructor(changed) {
    this.#changed = changed;
  }

  /** To be called before the file is read. */
  add(path) {
    this.#files.set(path, stateOf(path));
    const folder = dirname(path);
    if (this.#folders.has(folder)) return;
    const heard = (_, name) => this.#hear(name === null ? null : join(folder, name));
    this.#folders.set(
      folder,
      watch(folder, heard).on("error", () => this.#forget(folder)),
    );
  }

  /** A folder that has gone is watched again when a file in it is read again. */
  #forget(folder) {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
  }

  /** From now on also new files of the watched folders count, if `isWanted` says so. */
  expect(isWanted) {
    this.#isAnyWanted = isWanted;
  }

  #hear(path) {
    const isNew = path !== null && !this.#files.has(path) && this.#isAnyWanted(basename(path));
    if (path !== null && !this.#files.has(path) && !isNew) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(isNew), SILENCE);
  }

  #look(isNew) {
    let isChanged = isNew;
    for (const [path, before] of this.#files) {
      const state = stateOf(path);
      // One that is gone is about to be replaced; if not, the program still has what was in it.
      if (state === null || state === before) continue;
      this.#files.set(path, state);
      isChanged = true;
    }
    if (isChanged) this.#changed();
  }
}

function stateOf(path) {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
  return facts ? `${facts.ino} ${facts.size} ${facts.mtimeNs}` : null;
}
