import { stat } from "node:fs/promises";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import type { LegacyUser } from "./clerk/join.ts";
import { type ClerkAccess, readClerkApiInto } from "./clerk/read-api.ts";
import { streamClerkExport } from "./clerk/read-export.ts";
import { readClerkOrganizations } from "./clerk/read-organizations.ts";
import { ClerkStage, type JudgePassword } from "./stage.ts";

type ClerkConfig = MoveConfig["legacy"]["clerk"];

/** What was read of Clerk, and what an operator must know of it. */
export interface LegacySources {
  exports: { file: string; users: number; takenAt: string }[];
  /** Null when no API was read. */
  api: {
    users: number;
    counted: number;
    organizations: number;
    members: number;
    organizationInvitations: number;
    invitations: number;
  } | null;
  /** Sentences: what the sources do not agree on, and what is lost because one of them is not there. */
  notes: string[];
}

/**
 * Reads every legacy user from the Dashboard exports and the Backend API. A later export overrides an earlier one, user by user.
 *
 * @throws MoveError EXPORT_INVALID, CLERK_UNREACHABLE, CLERK_REFUSED
 */
export async function readLegacyUsers(config: ClerkConfig): Promise<LegacyUser[]> {
  return withStagedUsers(config, undefined, async (stage) => [...stage.users()]);
}

/**
 * The same, without holding everybody in memory.
 *
 * @param judge with one, digests and TOTP secrets are forgotten as soon as they are judged
 */
export async function withStagedUsers<T>(
  config: ClerkConfig,
  judge: JudgePassword | undefined,
  work: (stage: ClerkStage, sources: LegacySources) => Promise<T>,
): Promise<T> {
  const stage = new ClerkStage(judge);
  try {
    const sources = await stage.fill(() => readInto(stage, config));
    return await work(stage, sources);
  } finally {
    stage.close();
  }
}

/** The secret key, or undefined where the exports alone speak. */
export function accessOf({ secretKey, publishableKey, apiUrl }: ClerkConfig): ClerkAccess | undefined {
  if (!secretKey) return undefined;
  return { secretKey, ...(publishableKey ? { publishableKey } : {}), ...(apiUrl ? { apiUrl } : {}) };
}

/** An export as the config names it. Without a date given, the file's own: when it was last written. */
export async function exportOf(given: ClerkConfig["exports"][number]): Promise<{ file: string; takenAt: Date; isGiven: boolean }> {
  const file = typeof given === "string" ? given : given.file;
  if (typeof given !== "string") return { file, takenAt: new Date(given.takenAt), isGiven: true };
  const { mtime } = await stat(file).catch(() => ({ mtime: new Date() })); // the reader says what is wrong with it
  return { file, takenAt: mtime, isGiven: false };
}

async function readInto(stage: ClerkStage, config: ClerkConfig): Promise<LegacySources> {
  const files = await Promise.all(config.exports.map(exportOf));
  refuseOtherOrder(files);
  const exports: LegacySources["exports"] = [];
  for (const { file, takenAt } of files)
    exports.push({ file, users: await stage.addExport(file, takenAt, streamClerkExport(file)), takenAt: takenAt.toISOString() });
  const access = accessOf(config);
  const api = access ? await readApi(stage, access, config.acceptUncounted) : null;
  if (api) refuseOtherInstance(stage);
  if (api) refuseOlderExport(stage, files);
  return { exports, api, notes: notesOn(stage, { exports, api }) };
}

async function readApi(stage: ClerkStage, access: ClerkAccess, acceptUncounted: number): Promise<NonNullable<LegacySources["api"]>> {
  const sink = stage.apiSink();
  const { counted } = await readClerkApiInto(access, sink, { acceptUncounted });
  const figures = { users: sink.size(), counted, organizations: 0, members: 0, organizationInvitations: 0 };
  const invitations = await readClerkOrganizations(access, (organization) => {
    stage.addOrganization(organization);
    figures.organizations += 1;
    figures.members += organization.members.length;
    figures.organizationInvitations += organization.invitations;
  });
  return { ...figures, invitations };
}

/** An instance that knows nobody of the export is another one: without this everybody would be taken for deleted. */
function refuseOtherInstance(stage: ClerkStage): void {
  const { exported, known, api } = stage.overlap();
  if (exported === 0 || known > 0) return;
  throw new MoveError(
    "CLERK_REFUSED",
    `Clerk has ${api} users, and none of the ${exported} of the exports is among them: the key is of another instance than the export.`,
    { next: "Set CLERK_SECRET_KEY to a key of the instance that was exported (Dashboard → API keys), or name an export of this instance." },
  );
}

const ORDER =
  "Name the exports in the order in which they were taken, the newest last. If the files' own dates are wrong, give the date: { file, takenAt }.";

function refuseOtherOrder(files: readonly { file: string; takenAt: Date }[]): void {
  files.forEach((one, at) => {
    const later = files.slice(at + 1).find((other) => other.takenAt < one.takenAt);
    if (!later) return;
    throw new MoveError("EXPORT_INVALID", `The Clerk export ${later.file} is older than ${one.file}, which is named before it.`, {
      next: ORDER,
    });
  });
}

/** What Clerk says of the dates of its users: an export whose newest user signed up earlier, and which lacks others, is the older one. */
function refuseOlderExport(stage: ClerkStage, files: readonly { isGiven: boolean }[]): void {
  const compared = stage.exportsCompared();
  compared.forEach(({ file, newest, lacks }, at) => {
    const earlier = compared.slice(0, at).find((other) => (other.newest ?? 0) > (newest ?? 0));
    if (!earlier || lacks === 0 || files[at]?.isGiven) return;
    throw new MoveError(
      "EXPORT_INVALID",
      `The Clerk export ${file} is older than ${earlier.file}, which is named before it: people who are in that one, and at Clerk still, are not in it (${lacks}).`,
      { next: ORDER },
    );
  });
}

function notesOn(stage: ClerkStage, { exports, api }: Pick<LegacySources, "exports" | "api">): string[] {
  const notes: string[] = [];
  if (!api) {
    notes.push(
      "No API was read (legacy.clerk.secretKey). Lost for everybody: bans, deletions and changes since the export, roles, metadata, dates, pictures, external accounts, passkeys, organizations. Banned people would move.",
    );
    return notes;
  }
  if (exports.length === 0) notes.push("No export was read (legacy.clerk.exports). Lost for everybody: passwords and TOTP factors.");
  if (api.users !== api.counted)
    notes.push(`Clerk counts ${api.counted} users and lists ${api.users}; accepted by legacy.clerk.acceptUncounted.`);
  const missed = stage.missedByExports();
  if (missed.count > 0)
    notes.push(
      `The exports are not whole: ${missed.count} people who signed up before the newest of them are in none (${missed.ids.join(", ")}${missed.count > missed.ids.length ? ", ..." : ""}).`,
    );
  for (const { file, lacks } of stage.exportsCompared())
    if (lacks > 0)
      notes.push(
        `The export ${file} is shorter than those before it: ${lacks} people whom Clerk still has are missing; their earlier rows count.`,
      );
  const { exported, known } = stage.overlap();
  if (known * 2 < exported) notes.push(`Clerk knows only ${known} of the ${exported} people of the exports. Is it the same instance?`);
  if (api.organizations > 0)
    notes.push(
      `Clerk has ${api.organizations} organizations with ${api.members} members and ${api.organizationInvitations} invitations: none of them is made at WorkOS. Each member is listed under clerk_organization.`,
    );
  if (api.invitations > 0) notes.push(`${api.invitations} invitations to sign up wait at Clerk: they end with it.`);
  return notes;
}
