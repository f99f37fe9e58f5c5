import { invalid } from "./errors.ts";
import { primaryEmail, primaryPhone, type UserRecord } from "./user.ts";

const MOST_VALUES = 100;

/**
 * The users that a query string asks for, unordered.
 *
 * Filters as `GET /v1/users` documents them: repeated parameters are alternatives, different ones must all hold, `query` matches parts of words.
 *
 * @throws ClerkRefusal 422 for more than 100 values, or a time that is no number
 */
export function findUsers(users: readonly UserRecord[], query: URLSearchParams): UserRecord[] {
  const tests = [...exactFilters(query), ...timeFilters(query)];
  const text = query.get("query")?.toLowerCase();
  if (text) tests.push((user) => searchable(user).some((value) => value.toLowerCase().includes(text)));
  return users.filter((user) => tests.every((test) => test(user)));
}

type Test = (user: UserRecord) => boolean;

function exactFilters(query: URLSearchParams): Test[] {
  const fields: Record<string, (user: UserRecord) => readonly (string | null)[]> = {
    user_id: (user) => [user.id],
    external_id: (user) => [user.externalId],
    username: (user) => [user.username?.toLowerCase() ?? null],
    email_address: (user) => user.emails.map((email) => email.address.toLowerCase()),
    phone_number: (user) => user.phones.map((phone) => phone.number),
  };
  const folded = new Set(["username", "email_address"]);
  return Object.entries(fields).flatMap(([name, read]) => {
    const values = query.getAll(name).flatMap((value) => value.split(","));
    if (values.length > MOST_VALUES) throw invalid(name, `At most ${MOST_VALUES} values are allowed.`);
    if (values.length === 0) return [];
    const wanted = new Set(folded.has(name) ? values.map((value) => value.toLowerCase()) : values);
    return [(user: UserRecord) => read(user).some((value) => value !== null && wanted.has(value))];
  });
}

function timeFilters(query: URLSearchParams): Test[] {
  const fields: Record<string, (user: UserRecord) => number | null> = {
    created_at: (user) => user.createdAt,
    last_active_at: (user) => user.lastActiveAt,
    last_sign_in_at: (user) => user.lastSignInAt,
  };
  return Object.entries(fields).flatMap(([name, read]) =>
    (["after", "before"] as const).flatMap((side) => {
      const bound = integerOf(query, `${name}_${side}`);
      if (bound === undefined) return [];
      return [
        (user: UserRecord) => {
          const time = read(user);
          return time !== null && (side === "after" ? time > bound : time < bound);
        },
      ];
    }),
  );
}

/** A whole number of the query, or undefined. @throws ClerkRefusal 422 */
function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^-?\d+$/.test(text)) throw invalid(name, `${name} must be a whole number.`);
  return Number(text);
}

function searchable(user: UserRecord): string[] {
  const values = [
    user.id,
    user.username,
    user.firstName,
    user.lastName,
    ...user.emails.map((email) => email.address),
    ...user.phones.map((phone) => phone.number),
  ];
  return values.filter((value): value is string => value !== null);
}

const ORDERS: Record<string, (user: UserRecord) => number | string | null> = {
  created_at: (user) => user.createdAt,
  updated_at: (user) => user.updatedAt,
  last_active_at: (user) => user.lastActiveAt,
  last_sign_in_at: (user) => user.lastSignInAt,
  email_address: (user) => primaryEmail(user)?.address ?? null,
  phone_number: (user) => primaryPhone(user)?.number ?? null,
  first_name: (user) => user.firstName,
  last_name: (user) => user.lastName,
  username: (user) => user.username,
};

/** Orders by `order_by`; ties by id, so that pages are stable. @throws ClerkRefusal 422 for an unknown field */
export function orderUsers(users: readonly UserRecord[], orderBy: string): UserRecord[] {
  const [, sign, field] = /^([+-]?)(.*)$/.exec(orderBy) ?? [];
  const read = ORDERS[field ?? ""];
  if (!read) throw invalid("order_by", `${field} is not a field to order by.`);
  const direction = sign === "-" ? -1 : 1;
  return [...users].sort((a, b) => direction * (compare(read(a), read(b)) || compare(a.id, b.id)));
}

function compare(a: number | string | null, b: number | string | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/** One page of a list: `limit` 1 to 500 (10), `offset` from 0. @throws ClerkRefusal 422 */
export function pageOf<T>(items: readonly T[], query: URLSearchParams): T[] {
  const limit = integerOf(query, "limit") ?? 10;
  const offset = integerOf(query, "offset") ?? 0;
  if (limit < 1 || limit > 500) throw invalid("limit", "limit must be between 1 and 500.");
  if (offset < 0) throw invalid("offset", "offset must not be negative.");
  return items.slice(offset, offset + limit);
}
