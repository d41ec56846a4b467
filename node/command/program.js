/**
 * Which program runs. In a worker and in a forked process it is the file that these run.
 */
export const program = {
  /** The absolute path of the program's first file. */
  main: process.argv[1] ?? "",
  /** The absolute path of the command. */
  command: "",
  /** Where Node keeps what it has compiled, if bin/bao has said so. */
  codeCache: undefined,
  /** The code of `bao -e`, and the path that it is taken to have; else null. */
  evaluated: null,
  /** How often its files were read anew, by --hot. */
  generation: 0,
  /** Is told the path of each file of the program before it is read. */
  read: (path) => {},
};
