/** Exit codes of every verb. */
export const EXIT = {
  /** Done, and everything as planned. */
  done: 0,
  /** It failed; the message says what and what next. */
  failed: 1,
  /** The command line or the configuration is wrong; nothing was tried. */
  usage: 2,
  /** It ran, and a gate or proof did not hold, or somebody must decide first. */
  notHeld: 3,
} as const;
