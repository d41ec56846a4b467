/**
 * Which program runs. In a worker and in a forked process it is the file that these run.
 */
export const program = {
  /** The absolute path of the program's first file. */
  main: process.argv[1] ?? "",
};
