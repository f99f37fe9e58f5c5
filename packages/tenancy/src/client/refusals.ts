import type { TenancyError, TenancyErrorCode } from "../errors.ts";

/** Why the database refused a token: finer than {@link TenancyErrorCode}, coarser than a claim. */
export type RefusalKind =
  | "too_large"
  | "malformed"
  | "algorithm"
  | "unknown_key"
  | "signature"
  | "claims"
  | "expired"
  | "revoked"
  | "issuer"
  | "not_yet_valid"
  | "lifetime"
  | "not_moved"
  | "authorized_party"
  | "sign_in_pending";

/** RJ005, RJ013 and RJ014 are about keys and transactions, RJ015 is a ticket's and never the answer. */
const KIND_BY_STATE: Readonly<Record<string, RefusalKind>> = {
  RJ001: "too_large",
  RJ002: "malformed",
  RJ003: "algorithm",
  RJ004: "unknown_key",
  RJ006: "signature",
  RJ007: "claims",
  RJ008: "expired",
  RJ009: "revoked",
  RJ010: "issuer",
  RJ011: "not_yet_valid",
  RJ012: "lifetime",
  RJ016: "not_moved",
  RJ017: "authorized_party",
  RJ018: "sign_in_pending",
};

export const REFUSAL_KINDS: readonly RefusalKind[] = Object.values(KIND_BY_STATE);

/** Refused tokens of this process since `createTenancy`. */
export interface Refusals {
  counts: Readonly<Record<RefusalKind, number>>;
  /** Of those kinds that occurred. */
  lastAt: Readonly<Partial<Record<RefusalKind, Date>>>;
}

/** One token that was refused. Nothing of the token is in it. */
export interface Refusal {
  kind: RefusalKind;
  code: TenancyErrorCode;
  /** Undefined when it was no text that can be sent. */
  sqlstate: string | undefined;
  at: Date;
  /** With this one. */
  counters: Refusals;
}

export interface RefusalCount {
  /** @param error with which binding the token ended; what is not the token's fault is not counted */
  refused(error: TenancyError): void;
  refusals(): Refusals;
}

/** Counts refused tokens: a number and a time for each kind, however many there are. */
export function countRefusals(tellers: readonly ((refusal: Refusal) => unknown)[]): RefusalCount {
  const counts = Object.fromEntries(REFUSAL_KINDS.map((kind) => [kind, 0])) as Record<RefusalKind, number>;
  const lastMs = new Map<RefusalKind, number>();
  // A Date can be set: whoever is given one has their own.
  const refusals = (): Refusals => ({
    counts: { ...counts },
    lastAt: Object.fromEntries([...lastMs].map(([kind, ms]) => [kind, new Date(ms)])),
  });
  return {
    refusals,
    refused(error) {
      const kind = refusalKind(error);
      if (kind === undefined) return;
      const ms = Date.now();
      counts[kind]++;
      lastMs.set(kind, ms);
      for (const tell of tellers) call(tell, { kind, code: error.code, sqlstate: error.sqlstate, at: new Date(ms), counters: refusals() });
    },
  };
}

/** Undefined for what is not the token's fault. */
export function refusalKind({ code, sqlstate }: TenancyError): RefusalKind | undefined {
  if (sqlstate !== undefined) return KIND_BY_STATE[sqlstate];
  return code === "bad_token" ? "malformed" : undefined;
}

/** Calls what others wrote. The request is answered the same whether it returns, throws, or promises something that fails or never comes. */
export function call<T>(callback: (told: T) => unknown, told: T): void {
  try {
    void Promise.resolve(callback(told)).catch(() => {});
  } catch {
    // Its author learns of it where it throws; a refusal must stay a refusal.
  }
}
