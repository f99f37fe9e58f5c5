import { createHash } from "node:crypto";

/** Draws that look random and are the same for the same seed on every machine. */
export class Draw {
  readonly #seed: string;
  #block = 0;
  #bytes = Buffer.alloc(0);

  constructor(seed: string) {
    this.#seed = seed;
  }

  bytes(length: number): Buffer {
    while (this.#bytes.length < length) {
      const block = createHash("sha256")
        .update(`${this.#seed}/${this.#block++}`)
        .digest();
      this.#bytes = Buffer.concat([this.#bytes, block]);
    }
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  hex(bytes: number): string {
    return this.bytes(bytes).toString("hex");
  }

  /** From `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + (this.bytes(4).readUInt32BE() % (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.int(0, 999_999) < probability * 1_000_000;
  }

  /** Undefined when there is nothing to pick from. */
  pick<T>(list: readonly T[]): T | undefined {
    return list[list.length > 0 ? this.int(0, list.length - 1) : 0];
  }

  /** One of the given values. */
  of<T>(first: T, ...others: T[]): T {
    const index = this.int(0, others.length);
    return index === 0 ? first : (others[index - 1] as T);
  }

  uuid(): string {
    const bytes = Buffer.from(this.bytes(16));
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
}
