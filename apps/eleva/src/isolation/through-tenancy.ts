import type { Query, Tenancy } from "@rehome/tenancy";
import type { IsolationOptions } from "./prove.ts";

/** Opens guarded transactions as the product does. */
export function throughTenancy(tenancy: Tenancy): IsolationOptions["openAs"] {
  return (token, use) => {
    const work = (_db: unknown, query: Query) => use({ query });
    return token === undefined ? tenancy.anonymous(work, { readOnly: true }) : tenancy.as(token, work, { readOnly: true });
  };
}
