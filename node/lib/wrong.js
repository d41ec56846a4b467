/**
 * Errors as Bun has them: programs look at their class and their code, and at the beginning of
 * their message.
 */

/** For an argument or option of a kind that is not taken. */
export function wrongType(message) {
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}

/** For a call with fewer arguments than it needs. */
export function missing(name, needed, given) {
  const counts = `Expected ${needed}, got ${given}`;
  const message = `Not enough arguments to '${name}'. ${counts}.`;
  return Object.assign(new TypeError(message), { code: "ERR_MISSING_ARGS" });
}

/** For a body that was read, or handed on, before. */
export function alreadyUsed(message = "Body already used") {
  return Object.assign(new TypeError(message), { code: "ERR_BODY_ALREADY_USED" });
}
