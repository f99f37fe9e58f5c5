/** How many requests came, by route and by status of the answer. */
export class Counters {
  readonly #byRoute = new Map<string, number>();
  readonly #byStatus = new Map<number, number>();

  /** Counts a request as it comes: one that is refused counts too. */
  request(route: string): void {
    this.#byRoute.set(route, (this.#byRoute.get(route) ?? 0) + 1);
  }

  answer(status: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
  }

  get requests(): number {
    return [...this.#byRoute.values()].reduce((sum, count) => sum + count, 0);
  }

  /** By `METHOD /route`. */
  get byRoute(): Record<string, number> {
    return Object.fromEntries([...this.#byRoute].sort());
  }

  get byStatus(): Record<string, number> {
    return Object.fromEntries(this.#byStatus);
  }
}
