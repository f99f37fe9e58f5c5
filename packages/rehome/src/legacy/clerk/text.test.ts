import { expect, test } from "vitest";
import { cleanName, type Repair, readTotpSecret } from "./text.ts";

const SECRET = "JBSWY3DPEHPK3PXP";

test.each([
  SECRET,
  "jbswy3dpehpk3pxp",
  " JBSW Y3DP EHPK 3PXP ",
  "JBSW-Y3DP-EHPK-3PXP",
  `${SECRET}======`,
  `otpauth://totp/Eleva:ana@example.test?secret=${SECRET}&issuer=Eleva&algorithm=SHA1&digits=6&period=30`,
  `otpauth://totp/ana?secret=${SECRET}`,
])("%s is one secret", (text) => {
  expect(readTotpSecret(text)).toBe(SECRET);
});

test.each([
  "",
  " ",
  "JBSWY3DP",
  "48656c6c6f21deadbeef48656c6c6f21",
  "JBSWY3DPEHPK3PX0",
  "JBSWY3DPEHPK3PX1",
  "A".repeat(200),
  "SGVsbG8h3q2+70hlbGxvIQ==",
  "SGVsbGhzZXKvbGhlbGxh",
  `otpauth://totp/ana?secret=${SECRET}&digits=8`,
  `otpauth://hotp/ana?secret=${SECRET}`,
  "otpauth://totp/ana",
])("%j is no secret", (text) => {
  expect(readTotpSecret(text)).toBeUndefined();
});

test("a name keeps whole characters when it is cut, and half pairs are replaced", () => {
  const repairs: Repair[] = [];
  expect(cleanName(`${"a".repeat(499)}\u{1f600}`, "first_name", repairs)).toBe("a".repeat(499));
  expect(cleanName("Name \ud83d", "last_name", repairs)).toBe("Name \ufffd");
  expect(repairs).toEqual([
    { field: "first_name", what: "cut" },
    { field: "last_name", what: "characters_replaced" },
  ]);
});
