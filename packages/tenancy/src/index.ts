export type { TenantDb } from "./client/drizzle.ts";
export type { RefusalAlarm, RefusalAlarmOptions } from "./client/refusal-alarm.ts";
export type { Refusal, RefusalKind, Refusals } from "./client/refusals.ts";
export {
  createTenancy,
  type Query,
  type Tenancy,
  type TenancyOptions,
  type TransactionOptions,
  type Work,
} from "./client/tenancy.ts";
export type { TenancyPool } from "./client/wire.ts";
export type { HuntConfig } from "./commands/hunt.ts";
export type { Check, State } from "./doctor/check.ts";
export { type DoctorOptions, doctor } from "./doctor/doctor.ts";
export {
  type ErrorFacts,
  TenancyError,
  type TenancyErrorCode,
  toTenancyError,
  withoutRowData,
} from "./errors.ts";
export { matrixHtml } from "./hunt/html.ts";
export { hunt, type PreparedHunt, prepareHunt } from "./hunt/hunt.ts";
export { grantMutants, type Mutant, policyMutants } from "./hunt/mutants.ts";
export { isNeverTrue } from "./hunt/never-true.ts";
export type { Route, RouteCount } from "./hunt/routes.ts";
export { matrixText } from "./hunt/text.ts";
export {
  type Call,
  type Cell,
  type Column as HuntedColumn,
  type Finding as HuntFinding,
  type HuntOptions,
  type Limit,
  type Matrix,
  type Oracle,
  type Persona,
  type PersonaKind,
  type ProductRule,
  REQUIRED_KINDS,
  type Row,
  type Table as HuntedTable,
  type TableRule,
  type World,
} from "./hunt/types.ts";
export {
  GUARD_VERSION,
  type GuardOptions,
  type InstalledGuard,
  installGuard,
} from "./install/guard.ts";
export { type MappedIdentity, mapIdentities } from "./install/identities.ts";
export { addIssuer, disableIssuer, type InSchema, type Issuer } from "./install/issuer.ts";
export { type SyncedKeys, syncKeys } from "./install/keys.ts";
export { mirrorAccess } from "./install/mirror.ts";
export { installRoles, jobRole, type RolePasswords } from "./install/roles.ts";
export { type KeeperEvent, type KeepOptions, keepGuard } from "./keeper/keep.ts";
export type { Finding, Level } from "./lint/finding.ts";
export { lint } from "./lint/lint.ts";
export { type Accept, type LintOptions, OptionsError, type SourceOptions } from "./lint/options.ts";
export { lintSource } from "./lint/source/lint-source.ts";
export { type Applied, applyEvents, fetchMissing, receiveWebhook, type Webhook } from "./organizations/apply.ts";
export { SYNCED_EVENTS } from "./organizations/changes.ts";
export { claimGuest } from "./organizations/claim.ts";
export {
  defineOrganizations,
  type FeatureOf,
  hasFeature,
  type Organizations,
  type OrganizationType,
  type TypeOf,
} from "./organizations/define.ts";
export {
  countRows,
  type DeletionOptions,
  type DeletionParts,
  type DeletionStep,
  deleteOrganization,
  erasePerson,
  openDeletions,
  requestDeletion,
} from "./organizations/deletion.ts";
export { OrganizationError, type OrganizationErrorCode } from "./organizations/errors.ts";
export { type FoundedOrganization, foundOrganization } from "./organizations/found.ts";
export {
  type InstalledOrganizations,
  type InstallOrganizations,
  installOrganizations,
  installOrganizationsWithin,
  ORGANIZATIONS_VERSION,
  type OrganizationRelations,
} from "./organizations/install.ts";
export {
  expireInvitations,
  type InvitationOf,
  type InvitationParts,
  inviteMember,
  resendInvitation,
  revokeInvitation,
} from "./organizations/invitations.ts";
export { hasOwnFeature, listMyOrganizations, type MyOrganization, switchOrganization } from "./organizations/members.ts";
export {
  changeOrganizationType,
  leaveOrganization,
  type OwnershipParts,
} from "./organizations/ownership.ts";
export { ensurePersonalOrganization, type PersonalOrganization } from "./organizations/personal.ts";
export { claimable, deletable } from "./organizations/policies.ts";
export { type Polled, pollEvents, type SyncParts } from "./organizations/poll.ts";
export { type Reconciled, reconcile } from "./organizations/reconcile.ts";
export { type RunJob, runAs } from "./organizations/run.ts";
export { type SyncOptions, syncOrganizations } from "./organizations/sync.ts";
export { type OwnColumns, organizationColumns, organizationTables } from "./organizations/tables.ts";
export { pushTransfers, transferOwnership } from "./organizations/transfer.ts";
export {
  type AfterMigration,
  type AfterMigrationOptions,
  afterMigration,
  policyProblems,
} from "./policies/after-migration.ts";
export {
  membershipMirror,
  orgScoped,
  ownRow,
  type PolicyBuilders,
  policyBuilders,
  published,
  sharedBetween,
  sharedByGrant,
} from "./policies/builders.ts";
export { forRole } from "./policies/for-role.ts";
export { type Forced, forceMigrations } from "./policies/force-migrations.ts";
export type { GuardWords } from "./policies/guard-words.ts";
export { type NewestShared, type NewestSharedQuery, newestShared } from "./policies/newest-shared.ts";
export type { OwnRowOptions } from "./policies/own-row.ts";
export type { PublishedOptions } from "./policies/published.ts";
export type { Gate, RowOptions } from "./policies/row-policies.ts";
export type { Grants } from "./policies/shared-by-grant.ts";
