/** A program that cannot be read: `message` says all that there is to say. */
export class ProgramError extends SyntaxError {}
