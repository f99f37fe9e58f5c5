import type { Tenancy } from "@rehome/tenancy";
import type { IsolationOptions } from "./prove.ts";

/** Opens guarded transactions as the product does. */
export function throughTenancy(tenancy: Tenancy): IsolationOptions["openAs"] {
  return (token, use) => (token === undefined ? tenancy.anonymous(use, { readOnly: true }) : tenancy.as(token, use, { readOnly: true }));
}
