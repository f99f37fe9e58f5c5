/**
 * How one target column is filled, and how the legacy column is got back from it.
 *
 * Plain data: `copy/compile.ts` turns it into SQL, so that a mapping can be checked against both catalogs before a row moves.
 */
export type ColumnSource =
  | { kind: "same"; column: string; orBack?: string }
  | { kind: "utc"; column: string }
  | { kind: "user"; column: string }
  | { kind: "ownerUser" }
  | { kind: "ownerOrg" }
  | { kind: "party"; column: string }
  | { kind: "parentColumn"; reference: string; column: string }
  | { kind: "person"; field: PersonField }
  | { kind: "personOr"; column: string; field: PersonField; zone: boolean }
  | { kind: "personFirst"; field: PersonField; column: string }
  | { kind: "hasLegacyRow" }
  | { kind: "literal"; value: string | number | boolean };

/** What the ledger knows of a moved person; see `ledger/schema.sql`, table `rehome.identity`. */
export type PersonField =
  | "row_id"
  | "workos_user_id"
  | "workos_organization_id"
  | "email"
  | "email_verified"
  | "username"
  | "first_name"
  | "last_name"
  | "image_url"
  | "country"
  | "security_preferences"
  | "clerk_created_at"
  | "clerk_updated_at";

/** The same value under another name; both types have the same text form. */
export const same = (column: string): ColumnSource => ({ kind: "same", column });
/**
 * The same value, and on the way back another column of the same target table where this one is null: for a row that legacy never had.
 */
export const sameOr = (column: string, orBack: string): ColumnSource => ({ kind: "same", column, orBack });
/** A naive timestamp read as UTC and kept with its zone. */
export const utc = (column: string): ColumnSource => ({ kind: "utc", column });
/** A legacy user id, as the WorkOS user id; of one who did not move, as the ledger's stand-in. */
export const user = (column: string): ColumnSource => ({ kind: "user", column });
/** The WorkOS user id of the row's owner. */
export const ownerUser = (): ColumnSource => ({ kind: "ownerUser" });
/** The owner's practice; of one who has none, the home. The home itself is `person("workos_organization_id")`. */
export const ownerOrg = (): ColumnSource => ({ kind: "ownerOrg" });
/** The home of whoever proved this e-mail address, else the organization of the guest with it. Never a practice. */
export const party = (column: string): ColumnSource => ({ kind: "party", column });
/** A target column of the row that a reference names, such as the organization of a schedule's windows. */
export const parentColumn = (reference: string, column: string): ColumnSource => ({ kind: "parentColumn", reference, column });
/** A field of the person, from Clerk and WorkOS. Only in a mapping of people. */
export const person = (field: PersonField): ColumnSource => ({ kind: "person", field });
/** The legacy column where there is a legacy row, else the person's field. Only in a mapping of people. */
export const legacyOrPerson = (column: string, field: PersonField, zone: "utc" | "none" = "none"): ColumnSource => ({
  kind: "personOr",
  column,
  field,
  zone: zone === "utc",
});
/** The person's field where Clerk has one, else the legacy column. Gives nothing back. Only in a mapping of people. */
export const personOrLegacy = (field: PersonField, column: string): ColumnSource => ({ kind: "personFirst", field, column });
/** Whether the person has a row in the legacy table. Only in a mapping of people. */
export const hasLegacyRow = (): ColumnSource => ({ kind: "hasLegacyRow" });
/** A constant. */
export const literal = (value: string | number | boolean): ColumnSource => ({ kind: "literal", value });

/** Who a row belongs to, and so whether it moves. */
export type Owner =
  | { kind: "user"; column: string }
  /** As the row of another table that this column references. */
  | { kind: "through"; column: string }
  /** Nobody's: shared by all. */
  | { kind: "shared" };

export const ownedBy = (column: string): Owner => ({ kind: "user", column });
export const ownedThrough = (column: string): Owner => ({ kind: "through", column });
export const shared = (): Owner => ({ kind: "shared" });

export interface TableMapping {
  owner: Owner;
  /** Column → legacy table whose row must have moved too. */
  references?: Readonly<Record<string, string>>;
  /** Target table → target column → where it comes from. The first table is the main one; the others hold one row per main row. */
  into: Readonly<Record<string, Readonly<Record<string, ColumnSource>>>>;
  /** Legacy column → why it has no place in the target. */
  dropped?: Readonly<Record<string, string>>;
  /**
   * One target row for every moved person, with or without a legacy row; the owner column holds the legacy user id. `dueWhen` is SQL over the
   * target row `t0`: what else the product may have written on the target that needs a legacy row of this person.
   */
  everyPerson?: { conflict: string; dueWhen?: string };
}
