/**
 * A digest, a TOTP secret, a token: readable only where `reveal` is called.
 *
 * Printing, logging, `JSON.stringify`, template strings, `util.inspect` and `structuredClone` never show the value.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
