/** The error for an argument of a kind that is not taken, as Node and Bun have it. */
export function wrongType(message) {
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}
