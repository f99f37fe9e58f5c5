import { expect, test } from "vitest";
import type { MoveConfig } from "../config/define.ts";
import { estimateRequests } from "./estimate.ts";

const config = (shareOfLimit: number) =>
  ({
    target: { workos: { shareOfLimit, limits: { writesPer10s: 500, readsPer10s: 1000, requestsPer60s: 6000 } } },
    users: {
      workosRoles: { owner: { name: "Owner", permissions: ["a:read", "a:write"] }, member: { name: "Member", permissions: ["a:read"] } },
    },
  }) as unknown as MoveConfig;

// By hand, for 1,000 people of whom 100 have a factor: 1,000 users + 1,000 memberships + 100 factors are the writes; 1,000 organizations; two
// roles and two permissions, each looked up and made, and the permissions of the two roles set: 4 + 4 + 2.
test("a user, an organization and a membership each, one more for a factor, and the roles once", () => {
  expect(estimateRequests({ moving: 1000, practices: 0, withTotp: 100 }, config(1))).toEqual({ requests: 3110, writes: 2100, seconds: 42 });
});

// A practice is one organization and one membership more: 100 of the first against the general limit, 100 of the second against both.
test("a practice costs an organization and a membership more", () => {
  expect(estimateRequests({ moving: 1000, practices: 100, withTotp: 100 }, config(1))).toEqual({
    requests: 3310,
    writes: 2200,
    seconds: 44,
  });
});

test("a share of the limit takes longer by as much", () => {
  expect(estimateRequests({ moving: 1000, practices: 0, withTotp: 100 }, config(0.5)).seconds).toBe(84);
});

test("where the general limit is the tighter one, it says how long", () => {
  const tight = config(1);
  Object.assign(tight.target.workos.limits, { requestsPer60s: 311 });
  expect(estimateRequests({ moving: 1000, practices: 0, withTotp: 100 }, tight).seconds).toBe(600);
});
