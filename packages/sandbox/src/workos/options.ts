import { randomBytes } from "node:crypto";
import { newId } from "./ids.ts";
import { isLimitFigures, type LimitFigures } from "./limits.ts";
import { MAIL_KINDS, type MailKind } from "./mails.ts";
import { isRedirectUri } from "./redirects.ts";

export interface WorkosTwinOptions {
  /** Default 0: a free port. */
  port?: number;
  apiKey?: string;
  /** Further keys of the same environment: each has a general limit of its own, as on the service. */
  otherApiKeys?: readonly string[];
  clientId?: string;
  /** Shape of `iss`: `<base>/user_management/<client id>` (default), the bare base, or `custom:<url>` for a custom auth domain. */
  issuer?: "per_client" | "bare" | `custom:${string}`;
  /** Default `https://api.workos.com`. */
  issuerBase?: string;
  /** Real tokens carry no `aud` unless a JWT template adds one; true adds the client id. */
  withAudience?: boolean | string;
  withClientId?: boolean;
  /** Life of an access token, in seconds; default 300. */
  tokenLifetimeSeconds?: number;
  /** Whether a sign-in of a user with a TOTP factor is challenged: by password and code (true, the default), never, or Google too. */
  challengeEnrolled?: boolean | "every_method";
  /** The dashboard switch for several roles in one membership; off as on the service. */
  multipleRoles?: boolean;
  /** False: never a 429. An object lowers or raises single limits: requests per window, for tests of those who pace. */
  limits?: boolean | LimitFigures;
  /** 50: windows of the limits and waits between retries of a webhook are 50 times shorter. Nothing else runs faster. */
  clockSpeed?: number;
  /** Whether memberships and sessions that go along with a deleted user or organization have events of their own (default), or none. */
  announceCascades?: boolean;
  /** Adds `Retry-After` to a 429; the service does not promise it, so the default is false. */
  retryAfter?: boolean;
  /** Where the hosted pages may bring a code: exact addresses, the first of which is the default. The API adds more. */
  redirectUris?: readonly string[];
  /** Where a browser may go after signing out: exact addresses; the first is taken when none or another is asked for. */
  signOutRedirects?: readonly string[];
  /** The application's page that starts a sign-in: where invitations and resets lead, which did not begin at the application. */
  signInEndpoint?: string;
  /** Where mails are sent, for example `smtp://127.0.0.1:2525`. They are kept in the outbox in any case. */
  smtpUrl?: string;
  /** Kinds of mail that the dashboard has switched off: whoever reads the events sends them. */
  silentMails?: readonly MailKind[];
}

export interface TwinSettings {
  port: number;
  apiKey: string;
  apiKeys: ReadonlySet<string>;
  clientId: string;
  adminToken: string;
  issuer: string;
  audience: string | undefined;
  withClientId: boolean;
  tokenLifetimeSeconds: number;
  challengeEnrolled: boolean | "every_method";
  multipleRoles: boolean;
  limits: boolean | LimitFigures;
  clockSpeed: number;
  announceCascades: boolean;
  retryAfter: boolean;
  redirectUris: readonly string[];
  signOutRedirects: readonly string[];
  signInEndpoint: string | undefined;
  smtpUrl: string | undefined;
  silentMails: readonly MailKind[];
}

/**
 * Completes the options with their defaults.
 *
 * @throws Error naming the option that is unknown or has a wrong form
 */
export function settle(options: WorkosTwinOptions): TwinSettings {
  for (const [name, value] of Object.entries(options)) {
    const fits = FORMS[name as keyof WorkosTwinOptions];
    if (fits === undefined) throw new Error(`The WorkOS twin has no option ${name}. It knows: ${Object.keys(FORMS).join(", ")}.`);
    if (value !== undefined && !fits(value)) throw new Error(`Option ${name} of the WorkOS twin has a wrong form.`);
  }
  const apiKey = options.apiKey ?? `sk_test_${randomBytes(24).toString("base64url")}`;
  const clientId = options.clientId ?? newId("client");
  return {
    port: options.port ?? 0,
    apiKey,
    apiKeys: new Set([apiKey, ...(options.otherApiKeys ?? [])]),
    clientId,
    adminToken: randomBytes(24).toString("base64url"),
    issuer: issuerOf(options, clientId),
    audience: options.withAudience === true ? clientId : options.withAudience || undefined,
    withClientId: options.withClientId ?? false,
    tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 300,
    challengeEnrolled: options.challengeEnrolled ?? true,
    multipleRoles: options.multipleRoles ?? false,
    limits: options.limits ?? true,
    clockSpeed: options.clockSpeed ?? 1,
    announceCascades: options.announceCascades ?? true,
    retryAfter: options.retryAfter ?? false,
    redirectUris: options.redirectUris ?? [],
    signOutRedirects: options.signOutRedirects ?? [],
    signInEndpoint: options.signInEndpoint,
    smtpUrl: options.smtpUrl,
    silentMails: options.silentMails ?? [],
  };
}

function issuerOf({ issuer = "per_client", issuerBase = "https://api.workos.com" }: WorkosTwinOptions, clientId: string): string {
  if (issuer === "bare") return issuerBase;
  if (issuer === "per_client") return `${issuerBase}/user_management/${clientId}`;
  return issuer.slice("custom:".length);
}

const text = (value: unknown): boolean => typeof value === "string" && value !== "";
const flag = (value: unknown): boolean => typeof value === "boolean";
const webAddress = (value: unknown): boolean => typeof value === "string" && isRedirectUri(value);
const listOf =
  (fits: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(fits);
const positive = (value: unknown): boolean => typeof value === "number" && value > 0;

const FORMS: Record<keyof WorkosTwinOptions, (value: unknown) => boolean> = {
  port: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 65_536,
  apiKey: text,
  otherApiKeys: listOf(text),
  clientId: text,
  issuer: (value) => value === "per_client" || value === "bare" || (text(value) && /^custom:https?:\/\//.test(value as string)),
  issuerBase: text,
  withAudience: (value) => flag(value) || text(value),
  withClientId: flag,
  tokenLifetimeSeconds: positive,
  challengeEnrolled: (value) => flag(value) || value === "every_method",
  multipleRoles: flag,
  limits: (value) => flag(value) || isLimitFigures(value),
  clockSpeed: positive,
  announceCascades: flag,
  retryAfter: flag,
  redirectUris: listOf(webAddress),
  signOutRedirects: listOf(webAddress),
  signInEndpoint: webAddress,
  smtpUrl: (value) => text(value) && URL.canParse(value as string) && new URL(value as string).protocol === "smtp:",
  silentMails: listOf((kind) => (MAIL_KINDS as readonly unknown[]).includes(kind)),
};
