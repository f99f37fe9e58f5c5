import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ExportedUser, readClerkExport } from "./read-export.ts";
import { type ClerkSeedUser, clerkUser, startClerk, writeTemporary } from "./testing/clerk.ts";

const HEADER =
  "id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,unverified_email_addresses," +
  "verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher";
const MARKER = "$2b$10$MARKERMARKERMARKER";

const line = (id: string, digest = MARKER, hasher = "bcrypt") => `${id},Ana,Silva,,marker@example.org,,,,,,MARKERTOTP,${digest},${hasher}`;
const file = (...lines: string[]) => [HEADER, ...lines, ""].join("\n");

async function refusal(content: string | Buffer): Promise<Record<"code" | "message" | "next", string>> {
  const path = await writeTemporary(content);
  const error = await readClerkExport(path).then(
    () => ({ code: "it was read", message: "", next: "" }),
    (thrown) => thrown,
  );
  // Nothing of the rows: neither in the error nor in what it carries.
  expect(inspect(error, { depth: 9 })).not.toMatch(/marker/i);
  expect(error.message === "" || error.message.includes(path)).toBe(true);
  return error;
}

/** What must be read of a seeded user, made without the code under test. */
function expected(user: ClerkSeedUser): unknown {
  const addresses = (verified: boolean) =>
    user.emails.filter((email) => !email.primary && email.verified === verified).map((email) => email.address);
  const numbers = (verified: boolean) => user.phones.filter((phone) => phone.verified === verified).map((phone) => phone.number);
  return {
    id: user.id,
    firstName: user.first_name || null,
    lastName: user.last_name || null,
    username: user.username || null,
    primaryAddress: user.emails.find((email) => email.primary)?.address ?? null,
    primaryPhone: user.phones.find((phone) => phone.primary)?.number ?? null,
    verifiedAddresses: addresses(true),
    unverifiedAddresses: addresses(false),
    verifiedPhones: numbers(true),
    unverifiedPhones: numbers(false),
    totp: user.totp_secret ?? null,
    digest: user.password_digest ?? null,
    hasher: user.password_hasher ?? null,
  };
}

const revealed = ({ line: _, ...user }: ExportedUser) => ({
  ...user,
  totp: user.totp?.reveal() ?? null,
  digest: user.digest?.reveal() ?? null,
});

// Any text a person may have typed: quotes, separators, line breaks, other scripts.
const text = fc.option(
  fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: fc.constantFrom('"', ",", "|", "\n", "\r", " ", "a", "é", "😀", "\\", ";") }),
  ),
);
const address = fc.string({ unit: fc.constantFrom(..."abcXYZ0.+-'\"_é"), minLength: 1 }).map((name) => `${name}@example.org`);
const seedUsers: fc.Arbitrary<ClerkSeedUser[]> = fc
  .array(
    fc.record({
      username: text,
      first_name: text,
      last_name: text,
      emails: fc.array(fc.record({ address, verified: fc.boolean() }), { maxLength: 4 }),
      hasPrimary: fc.boolean(),
      phones: fc.array(fc.record({ number: fc.stringMatching(/^\+[0-9]{6,12}$/), verified: fc.boolean() }), { maxLength: 3 }),
      secret: fc.option(fc.stringMatching(/^[A-Z2-7]{16,32}$/)),
      digest: fc.option(fc.string({ unit: fc.constantFrom(...'$,./=+abcXYZ019"|'), minLength: 1 })),
      hasher: fc.constantFrom("bcrypt", "argon2id", "pbkdf2_sha256_django", "scrypt_firebase"),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((users) =>
    users.map(({ emails, hasPrimary, phones, secret, digest, hasher, ...names }, index) =>
      clerkUser(`user_2${index}`, {
        ...names,
        emails: emails.map((email, at) => ({ ...email, primary: hasPrimary && at === 0 })),
        phones: phones.map((phone, at) => ({ ...phone, primary: at === 0 })),
        ...(secret === null ? {} : { totp_secret: secret }),
        ...(digest === null ? {} : { password_digest: digest, password_hasher: hasher }),
      }),
    ),
  );

describe("a sound export", () => {
  test("whatever users there are, what the Dashboard writes is what is read", async () => {
    const clerk = await startClerk();
    const seeded: string[] = [];
    await fc.assert(
      fc.asyncProperty(seedUsers, fc.constantFrom("|", ","), async (users, separator) => {
        for (const id of seeded.splice(0)) await clerk.admin("PATCH", `users/${id}`, { inExport: false });
        await clerk.seed(users);
        seeded.push(...users.map((user) => user.id));

        const read = await readClerkExport(await clerk.export(`?separator=${encodeURIComponent(separator)}`));

        expect(read.map(revealed)).toEqual(expect.arrayContaining(users.map(expected)));
        expect(read).toHaveLength(users.length);
      }),
      { numRuns: 60 },
    );
  });

  test("a byte order mark, carriage returns, other columns and another order are fine", async () => {
    const header = ["password_hasher", "created_at", ...HEADER.split(",").slice(0, -1)].join(",");
    const row = `bcrypt,2024-01-01,user_2a,Ana,,,a@example.org,,b@example.org|c@example.org,"d@example.org, e@example.org",,,,${MARKER}`;
    const [user] = await readClerkExport(await writeTemporary(`\ufeff${header}\r\n${row}\r\n`));

    expect(user).toMatchObject({ id: "user_2a", firstName: "Ana", lastName: null, hasher: "bcrypt" });
    expect(user?.verifiedAddresses).toEqual(["b@example.org", "c@example.org"]);
    expect(user?.unverifiedAddresses).toEqual(["d@example.org", "e@example.org"]);
    expect(user?.digest?.reveal()).toBe(MARKER);
  });

  test("Clerk's own sample: a comment before the header, and no last cell where there is no password", async () => {
    const content = [
      "# a comment",
      "# another",
      HEADER,
      line("user_2a"),
      "user_2b,,,,,+15550100,,,+15550100,,,",
      "user_2c,Ana,,,c@example.org,,,,,,,",
      "",
    ].join("\n");
    const users = await readClerkExport(await writeTemporary(content));

    expect(users.map((user) => [user.id, user.line, user.primaryAddress, user.primaryPhone, user.hasher])).toEqual([
      ["user_2a", 4, "marker@example.org", null, "bcrypt"],
      ["user_2b", 5, null, "+15550100", null],
      ["user_2c", 6, "c@example.org", null, null],
    ]);
  });

  test.each([
    ["a header with LF and rows with CRLF", `${HEADER}\n${line("user_2a")}\r\n${line("user_2b")}\r\n`],
    ["a header with CRLF and rows with LF", `${HEADER}\r\n${line("user_2a")}\n${line("user_2b")}\n`],
    ["a header in upper case", file(line("user_2a"), line("user_2b")).replace(HEADER, HEADER.toUpperCase())],
  ])("%s", async (_, content) => {
    expect((await readClerkExport(await writeTemporary(content))).map((user) => [user.id, user.hasher])).toEqual([
      ["user_2a", "bcrypt"],
      ["user_2b", "bcrypt"],
    ]);
  });

  test("a last line without line break is fine when it is whole", async () => {
    expect(await readClerkExport(await writeTemporary(file(line("user_2a")).trimEnd()))).toHaveLength(1);
  });

  test("it is read in pieces, and letters are not torn between two of them", async () => {
    const lines = Array.from(
      { length: 4000 },
      (_, index) => `user_2${index},Ωμέγα ${"é".repeat(index % 7)},,,u${index}@example.org,,,,,,,,`,
    );
    const users = await readClerkExport(await writeTemporary(file(...lines)));

    expect(users).toHaveLength(4000);
    expect(
      users.every((user, index) => user.firstName === `Ωμέγα ${"é".repeat(index % 7)}`.trim() || user.firstName?.startsWith("Ωμέγα")),
    ).toBe(true);
  });

  test("printing what was read shows no digest and no secret", async () => {
    const users = await readClerkExport(await writeTemporary(file(line("user_2a"))));

    expect(inspect(users, { depth: 9 }) + JSON.stringify(users)).not.toMatch(/MARKERMARKER|MARKERTOTP/);
  });
});

describe("a broken export is refused, with file, line and remedy", () => {
  test.each([
    ["nothing in it", "", "line 1: there is no user in it"],
    ["a header only", `${HEADER}\n`, "line 1: there is no user in it"],
    ["columns missing", "id,email\nuser_2a,marker@example.org\n", "line 1: 12 of the export's 13 columns are missing: first_name"],
    ["JSON instead", '[{"id":"user_2a","note":"marker"}]\n', "line 1: it is JSON"],
    ["JSON on many lines", '\ufeff{\n"id":"user_2a","note":"marker"}\n', "line 1: it is JSON"],
    ["an encrypted file", "age-encryption.org/v1\n-> X25519 marker\n", "line 1: it is encrypted (age)"],
    ["semicolons", file(line("user_2a")).replaceAll(",", ";"), "line 1: its columns are separated by semicolons, not by commas"],
    ["tabs", file(line("user_2a")).replaceAll(",", "\t"), "line 1: its columns are separated by tabs"],
    ["a spreadsheet's own line", `sep=,\n${file(line("user_2a"))}`, "line 1: a spreadsheet program wrote it"],
    ["gzip", gzipSync(file(line("user_2a"))), "line 1: it is compressed (gzip)"],
    ["a ZIP archive", Buffer.from("504b0304140000000800", "hex"), "line 1: it is a ZIP archive"],
    ["UTF-16", Buffer.from(`\ufeff${file(line("user_2a"))}`, "utf16le"), "line 1: it is UTF-16"],
    ["UTF-16 without a mark", Buffer.from(file(line("user_2a")), "utf16le"), "line 1: it is UTF-16"],
    ["UTF-16 the other way round", Buffer.from(file(line("user_2a")), "utf16le").swap16(), "line 1: it is UTF-16"],
    ["a page instead", "<!doctype html><p>marker", "line 1: it is HTML or XML"],
    ["carriage returns only", file(line("user_2a")).replaceAll("\n", "\r"), "line 1: its lines end with carriage returns only"],
    ["an id with a space", file(line("user_2a"), line(" user_2b")), "line 3, column id: white space or a character"],
    ["an id with a no-break space", file(line("user_2a\u00a0")), "line 2, column id: white space or a character"],
    ["an id of spaces", file(line("   ")), "line 2, column id: white space or a character"],
    ["a NUL in an id", file(line("user_2\0a")), "line 2, column id: white space or a character"],
    ["a cell missing in the middle", file("user_2a,Ana,Silva,marker@example.org,,,,,,,,"), "line 2: it has another number of fields"],
    ["a column twice", `${HEADER},id\n${line("user_2a")},user_2b\n`, "line 1: a column is there twice: id"],
    ["an id twice", file(line("user_2a"), line("user_2b"), line("user_2a")), "line 4, column id: it has the id of line 2 again"],
    ["no id", file(line("user_2a"), line("")), "line 3, column id: it has no id"],
    ["a field too few", file(line("user_2a"), "user_2b,marker,,,", line("user_2c")), "line 3: it has another number of fields"],
    ["a field too many", file(`${line("user_2a")},marker`), "line 2: it has another number of fields"],
    ["a quote in a field", file('user_2a,An"marker"a,,,,,,,,,,,'), "line 2: a quote stands in the middle of a field"],
    ["a quote never closed", file(line("user_2a"), `user_2b,"marker${line("user_2c")}`), "a quote that opens before it is never closed"],
    ["something after a quote", file('user_2a,"Ana"marker,,,,,,,,,,,'), "line 2: something follows a closing quote"],
    [
      "a digest without hasher",
      file(line("user_2a", MARKER, "")),
      "line 2, column password_hasher: it has a password digest without its hasher",
    ],
    [
      "a hasher without digest",
      file(line("user_2a", "", "bcrypt")),
      "line 2, column password_digest: it has a password hasher without a digest",
    ],
    [
      "latin-1",
      Buffer.from(file(line("user_2a"), line("user_2b").replace("Ana", "Andr\u00e9"), line("user_2c")), "latin1"),
      "line 3: it is not UTF-8",
    ],
  ])("%s", async (_, content, says) => {
    const error = await refusal(content);

    expect(error.code).toBe("EXPORT_INVALID");
    expect(error.message).toContain(says);
    expect(error.next).toMatch(/Export|Name|name the|Download/);
  });

  test("a file cut off anywhere inside a user is refused", async () => {
    const whole = file(line("user_2a"), line("user_2b"));
    const from = whole.indexOf("user_2b");
    // Up to the last byte of the hasher: `bcryp` must not pass for a hasher.
    for (let end = from + 1; end < whole.length - 1; end += 1) {
      const error = await refusal(whole.slice(0, end));
      expect([end, error.code]).toEqual([end, "EXPORT_INVALID"]);
      expect(error.message).toContain("line 3");
    }
  });

  test.each(["pbkdf2_sha256", "pbkdf2_sha512"])(
    "%s as the last word without a line break may be a longer name that was cut",
    async (hasher) => {
      const whole = file(line("user_2a"), line("user_2b", MARKER, hasher));
      expect(await refusal(whole.trimEnd())).toMatchObject({
        message: expect.stringContaining("line 3, column password_hasher: no line break follows"),
        next: expect.stringContaining("add a line break"),
      });
      expect(await readClerkExport(await writeTemporary(whole))).toHaveLength(2);
    },
  );

  test("bcrypt as the last word without a line break, where others have bcrypt_peppered, may be cut", async () => {
    expect((await refusal(file(line("user_2a", MARKER, "bcrypt_peppered"), line("user_2b")).trimEnd())).message).toContain(
      "line 3, column",
    );
  });

  test("a file that is not there", async () => {
    await expect(readClerkExport("/nowhere/clerk.csv")).rejects.toMatchObject({
      code: "EXPORT_INVALID",
      message: expect.stringContaining("ENOENT"),
    });
  });
});
