interface ClerkCounts {
  /** Requests to the API, refused ones among them; not those under `/__twin`. */
  requests: number;
  /** By `METHOD /path`, ids written as `:id`. */
  byRoute: Record<string, number>;
  /** By status code. */
  byStatus: Record<string, number>;
}

export class Counters {
  readonly #counts: ClerkCounts = { requests: 0, byRoute: {}, byStatus: {} };

  count(method: string, path: string, status: number): void {
    const route = `${method} ${path.replace(/\/(user|sess|org|orgmem|inv|orginv|sit|idn)_[^/]+/g, "/:id")}`;
    this.#counts.requests += 1;
    this.#counts.byRoute[route] = (this.#counts.byRoute[route] ?? 0) + 1;
    this.#counts.byStatus[status] = (this.#counts.byStatus[status] ?? 0) + 1;
  }

  read(): ClerkCounts {
    return this.#counts;
  }
}
