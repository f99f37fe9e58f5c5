import type { Level } from "./finding.ts";

/** One finding that the team has looked at and keeps. */
export interface Accept {
  rule: string;
  /** The finding's object, word for word; `*` stands for anything. */
  object: string;
  /** Why it may stay. Without one the linter refuses to run. */
  reason: string;
}

export interface LintOptions {
  /** Schemas of the product's tables. Default `public`. */
  schemas?: readonly string[];
  /** Where the guard is. Default `auth`. */
  guardSchema?: string;
  /** The column that names the organization a row belongs to. Default `org_id`. */
  orgColumn?: string;
  /** Other columns that name an organization with a right to the row, such as `patient_org_id`. */
  partyColumns?: readonly string[];
  /** The table of organizations itself: it needs no org column. Default `public.organizations`. */
  organizationTable?: string;
  roles?: {
    /** As which the product's statements run. Default `authenticated` and `anonymous`. */
    application?: readonly string[];
    /** The one of them without an identity. Default `anonymous`. */
    anonymous?: string;
    /** As which the product connects. Default `rehome_login`. */
    login?: readonly string[];
    /** As which background jobs connect. Default `rehome_worker`; it need not exist. */
    worker?: readonly string[];
    /** What a job's role is called, as a LIKE pattern. Default `rehome\_job\_%`. */
    job?: string;
    /** Owns every table. Default `rehome_owner`. */
    owner?: string;
    /** May bypass row security. Default `rehome_mover`. */
    bypass?: readonly string[];
  };
  /**
   * Regular expressions of Postgres for names of columns; they replace the defaults. A name is held against them as it is and as words in lower
   * case with `_` between them (`apiKey` is `api_key`, too).
   */
  columns?: {
    /** Who a row belongs to and what a person may do. */
    identity?: string;
    money?: string;
    /** Credentials and the like. */
    sensitive?: string;
    /** What identifies, ails or charges a person: not to be selectable, see `confidential`. */
    confidential?: string;
  };
  accept?: readonly Accept[];
  /** The product's code, for `tenancy lint --source`. */
  source?: SourceOptions;
}

export interface SourceOptions {
  /** Where the product's code is; folders or files, as paths from the folder of tenancy.config.ts. */
  folders: readonly string[];
  /** What may stay in a file; `object` is the file's path from there, and `*` in it stands for anything. */
  allow?: readonly Accept[];
}

export interface SettledOptions {
  schemas: readonly string[];
  guardSchema: string;
  /** The org column first, then the parties'. */
  orgColumns: readonly string[];
  organizationTable: string;
  roles: Required<NonNullable<LintOptions["roles"]>>;
  columns: Required<NonNullable<LintOptions["columns"]>>;
  accept: readonly Accept[];
}

const IDENTITY =
  "^(id|(.*_)?(org|organi[sz]ation|tenant)_?ids?(_.*)?|((.*_)?user|owner|author|created_by|member)_?ids?|created_by|(platform_)?roles?|role_slug|permissions|is_(super_?)?admin|is_owner|claimed|(is_|email_)?verified|tier|plan)$";
const MONEY = "(^|_)(amount|price|fee|balance|payout|payment|transfer|refund|charge|commission|credit|subscription|stripe)(_|s_|s$|$)";
const SENSITIVE =
  "password|passwd|passphrase|secret|token|api_?key|private_?key|(^|_)(pwd|jwt|recovery_?code|backup_?code|otp|totp|ssn|passport|national_?id|tax_?id|card_?number|cvv|cvc|iban|bank_?account|account_?number|medical|health|diagnos[ie]s)s?[0-9]*(_|$)";

const CONFIDENTIAL =
  "(^|_)(e_?mail|phone|mobile|address|street|postal_?code|post_?code|zip|birth(day|date)?|date_of_birth|dob|(first|last|middle|full|guest|patient|buyer|customer)_?name|notes?|diagnosis|symptoms?|medical|health|encrypted|iban|bank|card|ssn|passport|token|secret)(_|$)";

/** Fills in what is left out. @throws OptionsError when an accepted finding is not whole */
export function settle(options: LintOptions = {}): SettledOptions {
  const accept = options.accept ?? [];
  for (const one of accept) {
    for (const part of ["rule", "object", "reason"] as const) {
      if (typeof one[part] === "string" && one[part].trim() !== "") continue;
      throw new OptionsError(`An accepted finding (${one.rule || "no rule"}, ${one.object || "no object"}) has no ${part}.`);
    }
  }
  return {
    schemas: options.schemas ?? ["public"],
    guardSchema: options.guardSchema ?? "auth",
    orgColumns: [options.orgColumn ?? "org_id", ...(options.partyColumns ?? [])],
    organizationTable: options.organizationTable ?? "public.organizations",
    roles: {
      application: ["authenticated", "anonymous"],
      anonymous: "anonymous",
      login: ["rehome_login"],
      worker: ["rehome_worker"],
      job: "rehome\\_job\\_%",
      owner: "rehome_owner",
      bypass: ["rehome_mover"],
      ...options.roles,
    },
    columns: { identity: IDENTITY, money: MONEY, sensitive: SENSITIVE, confidential: CONFIDENTIAL, ...options.columns },
    accept,
  };
}

/** The options cannot be used; nothing was looked at. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
  readonly next: string;

  constructor(message: string, next = "Mend the options (tenancy.config.ts), then run it again.") {
    super(message);
    this.next = next;
  }
}

export const isAtLeast = (level: Level, least: Level): boolean => {
  const order: readonly Level[] = ["info", "warn", "error"];
  return order.indexOf(level) >= order.indexOf(least);
};
