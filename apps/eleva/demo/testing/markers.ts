import { randomBytes } from "node:crypto";
import type { ElevaWorld } from "@rehome/eleva-legacy";
import { testWorld } from "../moved-world.ts";
import type { DemoWorld } from "../world.ts";

/** Texts that stand nowhere else. */
export interface Markers {
  /** In meetings.guestNotes: health data. */
  note: string;
  guestName: string;
  /** In blocked_dates.reason: early in a short row, so that the hundred characters of a line which Postgres quotes from a copy would show it. */
  reason: string;
  /** A well-formed bcrypt digest that opens with no known password. */
  digest: string;
  totp: string;
  email: string;
  encryptionKey: string;
}

export interface Marked {
  world: DemoWorld;
  markers: Markers;
}

/** A world with one marked person who moves (digest, TOTP secret, address) and two marked meetings of people who move. */
export async function markedWorld(): Promise<Marked> {
  const tag = randomBytes(6).toString("hex");
  const markers: Markers = {
    note: `MARKnote${tag}`,
    guestName: `MARKguest${tag}`,
    reason: `MARKreason${tag}`,
    digest: `$2b$10$${`MARKdigest${tag}`.padEnd(53, "a")}`,
    totp: `MARK${tag.replace(/\d/g, (digit) => "GHIJKLMNOP"[Number(digit)] as string).toUpperCase()}`.padEnd(32, "Q"),
    email: `mark-${tag}@example.org`,
    encryptionKey: "",
  };
  const world = await testWorld({
    change(eleva) {
      mark(eleva, markers);
      markers.encryptionKey = eleva.encryptionKey;
    },
  });
  return { world, markers };
}

function mark(eleva: ElevaWorld, { note, guestName, reason, digest, totp, email }: Markers): void {
  const moves = (id: unknown): boolean => eleva.answers.people[String(id)]?.disposition === "move";
  const person = eleva.clerkUsers.find((user) => moves(user.id) && user.totp_secret && user.password_hasher === "bcrypt");
  const address = person?.emails.find((candidate) => candidate.primary);
  const meetings = eleva.tables.meetings.filter((meeting) => moves(meeting["clerkUserId"])).slice(0, 2);
  const blocked = eleva.tables.blocked_dates.find((row) => moves(row["clerk_user_id"]));
  if (!person || !address || !blocked || meetings.length < 2) throw new Error("This world has nobody to mark; take another seed.");
  Object.assign(person, { password_digest: digest, totp_secret: totp });
  address.address = email;
  blocked["reason"] = reason;
  for (const meeting of meetings) Object.assign(meeting, { guestNotes: note, guestName });
}
