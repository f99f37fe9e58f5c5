import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TenancyError } from "../errors.ts";
import { installing } from "./installing.ts";

const failing = (work: () => unknown) =>
  installing("installGuard", async () => work()).then(
    () => undefined,
    (error: unknown) => error,
  );
const database = (code: string) => Object.assign(new Error("ana@x.test"), { code, detail: "ana@x.test", table: "memberships" });

test("what the database says leaves as a TenancyError that keeps names and the state", async () => {
  const found = await failing(() => {
    throw database("23505");
  });
  expect(found).toBeInstanceOf(TenancyError);
  expect(found).toMatchObject({
    code: "install_refused",
    sqlstate: "23505",
    table: "memberships",
    message: expect.stringMatching(/^installGuard: .*23505/),
  });
  expect(JSON.stringify(found) + (found as Error).message + (found as Error).stack).not.toContain("ana@x.test");
  expect((found as Error).cause).toBeUndefined();
});

test("a lost connection is unreachable; a refusal of our own stays what it is", async () => {
  for (const error of [
    database("57P01"),
    new Error("Connection terminated unexpectedly"),
    Object.assign(new Error(), { code: "ENOENT", syscall: "connect" }),
  ])
    expect(
      await failing(() => {
        throw error;
      }),
    ).toMatchObject({ name: "TenancyError", code: "unreachable" });
  const own = new TenancyError("bad_keys");
  expect(
    await failing(() => {
      throw own;
    }),
  ).toBe(own);
});

test("a mistake in the program, and a file that is not there, look like what they are", async () => {
  expect(await failing(() => (undefined as unknown as { x: number }).x)).toBeInstanceOf(TypeError);
  expect(await failing(() => readFileSync("/nowhere/seal.sql"))).toMatchObject({ code: "ENOENT", path: "/nowhere/seal.sql" });
});
