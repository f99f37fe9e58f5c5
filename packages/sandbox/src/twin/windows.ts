/** Counts requests in sliding windows, one per name. A refused request does not count against its window. */
export class RequestWindows {
  readonly #windows = new Map<string, SlidingWindow>();
  readonly #speed: number;

  /** @param speed 1 is real time; with 10 a window is ten times shorter */
  constructor(speed: number) {
    this.#speed = speed;
  }

  /** Admits a request and answers 0, or answers how many milliseconds are missing. What a name may do must not change. */
  take(name: string, requests: number, seconds: number): number {
    let window = this.#windows.get(name);
    if (!window) {
      window = new SlidingWindow(requests, (seconds * 1_000) / this.#speed);
      this.#windows.set(name, window);
    }
    return window.take(performance.now());
  }
}

/** The times of the last `requests` admitted, in a ring: O(1) a request. */
class SlidingWindow {
  readonly #times: Float64Array;
  readonly #lengthMs: number;
  #oldest = 0;

  constructor(requests: number, lengthMs: number) {
    this.#times = new Float64Array(requests).fill(Number.NEGATIVE_INFINITY);
    this.#lengthMs = lengthMs;
  }

  take(now: number): number {
    const waitMs = (this.#times[this.#oldest] ?? 0) + this.#lengthMs - now;
    if (waitMs > 0) return waitMs;
    this.#times[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % this.#times.length;
    return 0;
  }
}
