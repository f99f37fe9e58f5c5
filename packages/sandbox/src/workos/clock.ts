/** The twin's clock: the machine's, which a test may move forward. Retention, invitations and retries of deliveries go by it. */
export class Clock {
  #aheadMs = 0;
  readonly #listeners: (() => void)[] = [];

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Moves forward and lets everyone know who waits for a time. */
  advance(ms: number): void {
    this.#aheadMs += ms;
    for (const listener of this.#listeners) listener();
  }

  onAdvance(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
