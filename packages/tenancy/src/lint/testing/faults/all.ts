import { COLUMN_FAULTS } from "./columns.ts";
import type { Fault } from "./fault.ts";
import { GRANT_FAULTS } from "./grants.ts";
import { KEY_FAULTS } from "./keys.ts";
import { POLICY_FAULTS } from "./policies.ts";
import { ROLE_FAULTS } from "./roles.ts";
import { ROUTE_FAULTS } from "./routes.ts";
import { TABLE_FAULTS } from "./tables.ts";

/** Rule by rule, what goes wrong in real schemas: splinter's fixtures, the team's own attempt, and what neither had. */
export const FAULTS: readonly Fault[] = [
  ...TABLE_FAULTS,
  ...POLICY_FAULTS,
  ...KEY_FAULTS,
  ...COLUMN_FAULTS,
  ...ROLE_FAULTS,
  ...GRANT_FAULTS,
  ...ROUTE_FAULTS,
];
