import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "./secret.ts";

test("a secret shows its value only when asked", () => {
  const held = { digest: new Secret("marker-value") };

  expect(held.digest.reveal()).toBe("marker-value");
  const shown = [
    String(held.digest),
    `${held.digest}`,
    JSON.stringify(held),
    inspect(held, { depth: 9, showHidden: true }),
    JSON.stringify(structuredClone(held)),
    Object.values(held.digest).join(),
  ];
  expect(shown.join()).not.toContain("marker-value");
  expect(JSON.stringify(held)).toBe('{"digest":"[secret]"}');
});
