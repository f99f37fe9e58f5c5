interface CounterReport {
  /** By `METHOD /route/:parameter`; a request that was refused counts too. */
  requests: Record<string, number>;
  /** Answers with 429, whatever refused them. */
  tooManyRequests: number;
}

export class Counters {
  readonly #requests = new Map<string, number>();
  #tooMany = 0;

  request(method: string, route: string): void {
    const name = `${method} ${route}`;
    this.#requests.set(name, (this.#requests.get(name) ?? 0) + 1);
  }

  answer(status: number): void {
    if (status === 429) this.#tooMany += 1;
  }

  read(): CounterReport {
    return { requests: Object.fromEntries([...this.#requests].sort()), tooManyRequests: this.#tooMany };
  }
}
