import { answer } from "../answers/answers.ts";
import type { ElevaWorld } from "../world.ts";
import { addAudit } from "./audit.ts";
import { giveCredentials } from "./credentials.ts";
import type { HashCost } from "./digests.ts";
import { type Draft, emptyTables } from "./draft.ts";
import { addCategories, addProfiles, addUsers, listExperts } from "./experts.ts";
import { listGuests } from "./guests.ts";
import { addMeetings } from "./meetings.ts";
import { makeMess, takeCensus } from "./mess/kind.ts";
import { MESS } from "./mess.ts";
import { addPacks } from "./packs.ts";
import { makePeople } from "./people.ts";
import { addProcessedEvents } from "./processed.ts";
import { Random } from "./random.ts";
import { addRecords } from "./records.ts";
import { addReservations } from "./reservations.ts";
import { addSchedules } from "./schedules.ts";
import { addServices } from "./services.ts";
import { makeSpecials } from "./specials.ts";
import { addTransfers } from "./transfers.ts";

export interface ElevaOptions {
  /** How many people Clerk knows. */
  users: number;
  /** The same seed makes the same world, to the byte. */
  seed: number | string;
  /** The moment of the snapshot; the world has nothing of the clock of the machine. */
  now?: Date;
  /** `real`: digests as dear as a product's; `cheap`: the least that WorkOS takes. */
  hashes: HashCost;
}

const NOW = new Date("2026-05-05T12:00:00.000Z");

/** Makes Eleva Care as it was before the move: its people in Clerk, its database, its audit database, and what must become of all of it. */
export function generateEleva({ users, seed, now = NOW, hashes }: ElevaOptions): ElevaWorld {
  if (!Number.isInteger(users) || users < 1) throw new Error(`A world needs at least one user, not ${users}. Give a whole number.`);
  const random = new Random(seed);
  const draft: Draft = {
    now: now.getTime(),
    size: users,
    people: makePeople(random.fork("people"), users, now.getTime()),
    experts: [],
    guests: [],
    goneIds: [],
    encryptionKey: random.fork("key").hex(32),
    tables: emptyTables(),
    auditLogs: [],
    passwords: new Map(),
    totpSecrets: new Map(),
  };
  makeSpecials(random.fork("specials"), draft, hashes);
  giveCredentials(random.fork("credentials"), draft, hashes);
  listExperts(random.fork("experts"), draft);
  addCategories(random.fork("categories"), draft);
  addUsers(random.fork("users"), draft);
  addProfiles(random.fork("profiles"), draft);
  addServices(random.fork("services"), draft);
  addSchedules(random.fork("schedules"), draft);
  listGuests(random.fork("guests"), draft);
  addMeetings(random.fork("meetings"), draft);
  addRecords(random.fork("records"), draft);
  addTransfers(random.fork("transfers"), draft);
  addReservations(random.fork("reservations"), draft);
  addPacks(random.fork("packs"), draft);
  addProcessedEvents(random.fork("processed"), draft);
  addAudit(random.fork("audit"), draft);
  makeMess(random.fork("mess"), draft, MESS);
  const { passwords, totpSecrets, tables, auditLogs, encryptionKey } = draft;
  const clerkUsers = draft.people.map((person) => person.clerk);
  const world = { now: draft.now, clerkUsers, passwords, totpSecrets, tables, auditLogs, encryptionKey };
  return { ...world, census: takeCensus(world, users, MESS), answers: answer(world) };
}
