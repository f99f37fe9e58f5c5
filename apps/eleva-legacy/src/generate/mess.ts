import { ACCOUNT_MESS, USER_ROW_MESS } from "./mess/accounts.ts";
import { BOOKING_MESS } from "./mess/bookings.ts";
import { CONTENT_MESS } from "./mess/contents.ts";
import type { MessKind } from "./mess/kind.ts";
import { MONEY_MESS } from "./mess/money.ts";

/** Everything odd that the product's code and schema permit, each with a way to find it. The order is that in which it is made. */
export const MESS: readonly MessKind[] = [...ACCOUNT_MESS, ...USER_ROW_MESS, ...BOOKING_MESS, ...CONTENT_MESS, ...MONEY_MESS];
