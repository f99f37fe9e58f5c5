import type { MoveConfig } from "../config/define.ts";

/** Requests that a move of users costs at WorkOS, and the least time they take under its limits. */
export interface RequestEstimate {
  /** All requests. */
  requests: number;
  /** Of these, user-management writes, which have the tightest limit. */
  writes: number;
  seconds: number;
}

/**
 * Per person: a user and a membership (user-management writes), an organization (general limit only); the last two again for a practice, and one
 * more write where a TOTP factor is enrolled. Roles and permissions are looked up once.
 */
export function estimateRequests(people: { moving: number; practices: number; withTotp: number }, config: MoveConfig): RequestEstimate {
  const { limits, shareOfLimit } = config.target.workos;
  const roles = Object.values(config.users.workosRoles);
  const setup = 2 * (roles.length + new Set(roles.flatMap((role) => role.permissions)).size) + roles.length;
  const writes = 2 * people.moving + people.practices + people.withTotp;
  const requests = writes + people.moving + people.practices + setup;
  const seconds = Math.max((writes / (limits.writesPer10s * shareOfLimit)) * 10, (requests / (limits.requestsPer60s * shareOfLimit)) * 60);
  return { requests, writes, seconds };
}
