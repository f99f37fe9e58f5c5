/** What a long verb tells while it works. Printed by the CLI, never part of a result. */
export interface Progress {
  /** A named step begins, such as `freeze`. */
  step(name: string): void;
  /** Work of known size goes on: `done` of `total` units of `what` (`users`, `tables`, `proofs`). `note` says how fast, and how long it will take. */
  advance(what: string, done: number, total: number, note?: string): void;
}
