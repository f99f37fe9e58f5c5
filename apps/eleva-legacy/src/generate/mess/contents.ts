import { createDecipheriv } from "node:crypto";
import type { Row } from "../../world.ts";
import { textOf } from "../../world.ts";
import { primaryAddress } from "../draft.ts";
import { encrypt } from "../records.ts";
import { STRANGE_NAMES } from "../words.ts";
import { addressKey, type Finished, type Make, type MessKind, type MessTools } from "./kind.ts";

/** Six characters each in the JSON text; `jsonb` refuses both. */
const NUL = "\\u0000";
const LONE_SURROGATE = "\\ud83d";

const ODD_JSON = {
  nul: `{"note":"a${NUL}b","locale":"pt"}`,
  surrogate: `{"note":"${LONE_SURROGATE} cut","locale":"pt"}`,
  keys: `{"z":1,"a":{"b":2,"b":3},"z":"again"}`,
  number: `{"amount":12345678901234567890.10,"tiny":1e-400, "zero":-0.0}`,
  scalar: '"paid"',
  null: "null",
} as const;

/** Kinds that show in what people typed, what Stripe sent and what was encrypted. */
export const CONTENT_MESS: readonly MessKind[] = [
  ...Object.entries(STRANGE_NAMES).map(
    ([script, name]): MessKind => ({
      kind: `guest name: ${script}`,
      rate: 0.003,
      make: edit("guestName", () => name),
      find: ({ tables }) => tables.meetings.filter((row) => row["guestName"] === name).length,
    }),
  ),
  {
    kind: "guest address with white space around",
    rate: 0.003,
    make: edit("guestEmail", (email) => `\t ${email}  `),
    find: meetings("guestEmail", (email) => email !== email.trim()),
  },
  {
    kind: "guest address with a tag",
    rate: 0.003,
    make: edit("guestEmail", (email) => email.trim().replace("@", "+eleva@")),
    find: meetings("guestEmail", (email) => email.includes("+")),
  },
  {
    kind: "guest address outside ASCII",
    rate: 0.003,
    make: edit("guestEmail", () => "JOÃO.Conceição@Exämple.test"),
    find: meetings("guestEmail", (email) => /[^ -~\t]/.test(email)),
  },
  { kind: "guest address of a user in other letters", rate: 0.01, find: inOtherLetters },
  {
    kind: "guest address of a user who never proved it",
    rate: 0.003,
    make: guestAddress(unproved),
    find: (world) => guestsAmong(world, unproved(world)),
  },
  {
    kind: "guest address of one who does not move",
    rate: 0.003,
    make: guestAddress(staying),
    find: (world) => guestsAmong(world, staying(world)),
  },
  {
    kind: "notes with characters that COPY must escape",
    rate: 0.006,
    make: edit("guestNotes", () => "\\N\t\\.\r\nC:\\temp\\x 'quoted' \"double\" $1 {a,b} \u007f\u2028"),
    find: meetings("guestNotes", (notes) => notes.includes("\\N")),
  },
  {
    kind: "stripeMetadata with \\u0000",
    rate: 0.003,
    make: metadata(ODD_JSON.nul),
    find: meetings("stripeMetadata", (text) => text.includes(NUL)),
  },
  {
    kind: "stripeMetadata with a lone surrogate",
    rate: 0.003,
    make: metadata(ODD_JSON.surrogate),
    find: meetings("stripeMetadata", (text) => text.includes(`${LONE_SURROGATE} `)),
  },
  {
    kind: "stripeMetadata with a key twice",
    rate: 0.003,
    make: metadata(ODD_JSON.keys),
    find: meetings("stripeMetadata", (text) => text === ODD_JSON.keys),
  },
  {
    kind: "stripeMetadata with numbers no double holds",
    rate: 0.003,
    make: metadata(ODD_JSON.number),
    find: meetings("stripeMetadata", (text) => text === ODD_JSON.number),
  },
  {
    kind: "stripeMetadata that is one string",
    rate: 0,
    make: metadata(ODD_JSON.scalar),
    find: meetings("stripeMetadata", (text) => text === ODD_JSON.scalar),
  },
  {
    kind: "stripeMetadata that is JSON null",
    rate: 0,
    make: metadata(ODD_JSON.null),
    find: meetings("stripeMetadata", (text) => text === ODD_JSON.null),
  },
  {
    kind: "socialLinks with \\u0000 and a key twice",
    rate: 0,
    make: ({ draft, take }, count) => {
      for (const row of take(draft.tables.profiles, count))
        row["socialLinks"] = `[ {"name":"instagram","url":"x${NUL}","name":"${LONE_SURROGATE}"} ]`;
    },
    find: ({ tables }) => tables.profiles.filter((row) => String(row["socialLinks"]).includes(NUL)).length,
  },
  {
    kind: "record under another key",
    rate: 0.006,
    make: ({ draft, take, random }, count) => {
      const other = random.hex(32);
      for (const row of take(draft.tables.records, count))
        row["encrypted_content"] = encrypt(random, other, "Nota antiga, de antes da troca da chave.");
    },
    find: (world) => world.tables.records.filter((row) => opens(row, world.encryptionKey) === "refused").length,
  },
  {
    kind: "truncated record",
    rate: 0.006,
    make: ({ draft, take }, count) => {
      for (const row of take(draft.tables.records, count)) row["encrypted_content"] = textOf(row, "encrypted_content").slice(0, -20);
    },
    find: (world) => world.tables.records.filter((row) => opens(row, world.encryptionKey) === "broken").length,
  },
];

function edit(column: string, change: (value: string) => string): Make {
  return ({ draft, take }, count) => {
    for (const row of take(draft.tables.meetings, count)) row[column] = change(String(row[column] ?? ""));
  };
}

function metadata(text: string): Make {
  return ({ draft, take }, count) => {
    for (const row of take(draft.tables.meetings, count, (one) => one["stripeMetadata"] !== null)) row["stripeMetadata"] = text;
  };
}

function meetings(column: string, fits: (value: string) => boolean): (world: Finished) => number {
  return ({ tables }) => tables.meetings.filter((row) => typeof row[column] === "string" && fits(textOf(row, column))).length;
}

function guestAddress(addresses: (world: Finished) => string[]): Make {
  return ({ draft, take, random }: MessTools, count) => {
    const clerkUsers = draft.people.map((person) => person.clerk);
    const list = addresses({ ...draft, clerkUsers });
    if (list.length === 0) return;
    for (const row of take(draft.tables.meetings, count)) row["guestEmail"] = random.pick(list);
  };
}

function unproved({ clerkUsers }: Finished): string[] {
  return clerkUsers.flatMap((user) => user.emails.filter((email) => email.primary && !email.verified).map((email) => email.address));
}

function staying({ clerkUsers }: Finished): string[] {
  return clerkUsers.filter((user) => user.banned || user.deletedInApi).flatMap((user) => user.emails.map((email) => email.address));
}

function guestsAmong({ tables }: Finished, addresses: readonly string[]): number {
  const keys = new Set(addresses.map(addressKey));
  return tables.meetings.filter((row) => keys.has(addressKey(textOf(row, "guestEmail")))).length;
}

function inOtherLetters({ clerkUsers, tables }: Finished): number {
  const exact = new Set(clerkUsers.map((user) => primaryAddress(user) ?? ""));
  const keys = new Set(clerkUsers.flatMap((user) => user.emails.map((email) => addressKey(email.address))));
  return tables.meetings.filter((row) => keys.has(addressKey(textOf(row, "guestEmail"))) && !exact.has(textOf(row, "guestEmail"))).length;
}

function opens(row: Row, keyHex: string): "fine" | "refused" | "broken" {
  let parts: { encryptedContent: string; iv: string; tag: string };
  try {
    parts = JSON.parse(textOf(row, "encrypted_content")) as typeof parts;
  } catch {
    return "broken";
  }
  try {
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(keyHex, "hex"), Buffer.from(parts.iv, "hex"));
    decipher.setAuthTag(Buffer.from(parts.tag, "hex"));
    decipher.update(parts.encryptedContent, "hex");
    decipher.final();
    return "fine";
  } catch {
    return "refused";
  }
}
