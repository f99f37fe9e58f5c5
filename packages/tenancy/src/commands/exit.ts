/** Exit codes of every verb. */
export const EXIT = {
  /** Done, and nothing found. */
  done: 0,
  /** It failed: the database did not answer, or a statement was refused. */
  failed: 1,
  /** The command line or the options are wrong; nothing was tried. */
  usage: 2,
  /** It ran, and something does not hold. */
  notHeld: 3,
} as const;
