export type { Db } from "./client/db.ts";
export {
  createTenancy,
  type Tenancy,
  type TransactionOptions,
} from "./client/tenancy.ts";
export {
  type ErrorFacts,
  TenancyError,
  type TenancyErrorCode,
  toTenancyError,
  withoutRowData,
} from "./errors.ts";
export {
  GUARD_VERSION,
  type GuardOptions,
  type InstalledGuard,
  installGuard,
} from "./install/guard.ts";
export { addIssuer, type Issuer } from "./install/issuer.ts";
export { type SyncedKeys, syncKeys } from "./install/keys.ts";
export { mirrorAccess } from "./install/mirror.ts";
export { installRoles, jobRole, type RolePasswords } from "./install/roles.ts";
