/** FNV-1a with the number of bytes, as server.cc has it. */
export class Hash {
  #value = 2166136261;
  #length = 0;

  add(bytes) {
    for (let i = 0; i < bytes.length; ++i) this.#value = Math.imul(this.#value ^ bytes[i], 16777619);
    this.#length += bytes.length;
    return this;
  }

  text() {
    return `${this.#length} ${this.#value >>> 0}`;
  }
}
