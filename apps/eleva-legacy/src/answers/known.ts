import type { ElevaWorld, LegacyClerkUser, Row, Value } from "../world.ts";
import { keyOf, type PersonAnswer } from "./people.ts";

/** What only WorkOS or the ledger knows stands as a symbol; whoever checks the answers looks it up by legacy user id or address. */
export type Symbolic =
  | { $user: string }
  /** The home. */
  | { $org: string }
  | { $practice: string }
  /** The unclaimed organization of the guest with this address key. */
  | { $guestOrg: string }
  /** The id that the ledger made for one who did not move. */
  | { $standIn: string }
  /** The uuid that the ledger made for one who moved and has no row in `users`. */
  | { $rowId: string }
  /** Compare by value: Clerk's metadata has no text of its own. */
  | { $json: unknown };

export type TargetValue = Value | Symbolic;

export interface TargetRow {
  table: string;
  row: Record<string, TargetValue>;
}

export interface Known {
  moved: Map<string, LegacyClerkUser>;
  /** Legacy user id of the mover who proved the address, by key. */
  proved: Map<string, string>;
  userRows: Map<string, Row>;
  tables: ElevaWorld["tables"];
}

export function know(
  { clerkUsers, tables }: Pick<ElevaWorld, "clerkUsers" | "tables">,
  people: Readonly<Record<string, PersonAnswer>>,
): Known {
  const moved = new Map(clerkUsers.filter((user) => people[user.id]?.disposition.startsWith("move")).map((user) => [user.id, user]));
  const proved = new Map<string, string>();
  for (const user of moved.values()) for (const email of user.emails) if (email.verified) proved.set(keyOf(email.address), user.id);
  return { moved, proved, userRows: new Map(tables.users.map((row) => [String(row["clerkUserId"]), row])), tables };
}

/** The home of whoever proved the address, expert or not, else that of the guest. */
export function party(known: Known, address: Value | undefined): Symbolic {
  const key = keyOf(String(address));
  const owner = known.proved.get(key);
  return owner === undefined ? { $guestOrg: key } : { $org: owner };
}

/** Another person than the owner: perhaps one who did not move. */
export function someone(known: Known, id: Value | undefined): TargetValue {
  if (id === null || id === undefined) return null;
  return known.moved.has(String(id)) ? { $user: String(id) } : { $standIn: String(id) };
}

/** A naive timestamp read as UTC, in ISO form. */
export function at(value: Value | undefined): string | null {
  return value === null || value === undefined ? null : `${String(value).replace(" ", "T")}Z`;
}
