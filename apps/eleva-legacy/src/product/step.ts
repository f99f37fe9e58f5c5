import type { Random } from "../generate/random.ts";
import type { Shop } from "./shop.ts";

export interface Statement {
  text: string;
  params: (string | number | boolean | null)[];
}

export interface Scene {
  random: Random;
  shop: Shop;
  /** Milliseconds; later for each act. */
  now: number;
  encryptionKey: string;
}

export interface Step {
  statements: Statement[];
  /** Tells the shop what the act changed; gets the rows that the statements returned. */
  done?(answers: Record<string, unknown>[]): void;
}

type Made = [text: string, params: Statement["params"], done?: Step["done"]];

/** An act of one statement on one thing out of a list. */
export function one<T>(list: readonly T[], random: Random, make: (thing: T) => Made): Step | undefined {
  if (list.length === 0) return undefined;
  const [text, params, done] = make(random.pick(list));
  return { statements: [{ text, params }], ...(done && { done }) };
}
