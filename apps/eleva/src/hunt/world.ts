import { readFileSync } from "node:fs";
import type { Persona, PersonaKind } from "@rehome/tenancy";
import type { ClientBase } from "pg";
import { fillSmallProduct } from "../testing/small-product.ts";
import { INTERNAL_ROLES } from "./internal.ts";

/** Fills an empty target with few rows, but one of every kind that the rules tell apart. */
export async function fillHuntWorld(superuser: ClientBase): Promise<void> {
  await fillSmallProduct(superuser);
  await superuser.query(readFileSync(new URL("world.sql", import.meta.url), "utf8"));
}

export const JOBS = ["booking", "payments", "sync", "admin", "setup", "identity", "claim", "deletion"];

// The guard's cap is an hour; a hunt with many mutants lasts longer than a real token.
const LIFETIME_SECONDS = 3000;

type Sign = (user: string, org: string | null, lifetimeSeconds?: number) => Promise<string>;

/** Everybody of the hunt's world, with tokens signed by the issuer that the database knows. */
export async function huntPersonas(sign: Sign): Promise<Persona[]> {
  const people: [name: string, kind: PersonaKind, user: string, org: string | null][] = [
    ["owner of the clinic", "owner", "olga", "org_clinic"],
    ["admin of the clinic", "admin", "ada", "org_clinic"],
    ["member of the clinic", "member", "ana", "org_clinic"],
    ["billing admin of the clinic", "billing admin", "bea", "org_clinic"],
    ["intern of the clinic", "member", "ned", "org_clinic"],
    ["another expert", "other owner", "rui", "org_rui"],
    ["published expert", "other owner", "ana", "org_ana"],
    ["the same at home, a patient", "other owner", "ana", "org_ana_home"],
    ["owner of the clinic at home, a patient", "other owner", "olga", "org_olga_home"],
    ["patient", "other owner", "pia", "org_pia"],
    ["patient of the clinic", "other owner", "paul", "org_paul"],
    ["suspended in the clinic", "suspended", "sam", "org_clinic"],
    ["the same at home", "other owner", "sam", "org_sam"],
    ["invited to the clinic", "stranger", "ivo", "org_clinic"],
    ["removed from the clinic", "removed", "rem", "org_clinic"],
    ["stranger", "stranger", "nobody", "org_nowhere"],
    ["token of a guest's organization", "stranger", "pia", "guest_0"],
    ["token without organization", "stranger", "ana", null],
  ];
  const signed = people.map(async ([name, kind, user, orgId]): Promise<Persona> => {
    const userId = `user_${user}`;
    return { name, kind, role: "authenticated", userId, orgId, token: await sign(userId, orgId, LIFETIME_SECONDS) };
  });
  const nobody = { userId: null, orgId: null };
  // The role counts, too: a verified identity in the role of nobody sees no more than nobody.
  const signedAnonymous = people
    .filter(([name]) => ["owner of the clinic", "patient"].includes(name))
    .map(async ([name, , user, orgId]): Promise<Persona> => {
      const userId = `user_${user}`;
      return {
        name: `anonymous, token of: ${name}`,
        kind: "anonymous",
        role: "anonymous",
        userId,
        orgId,
        token: await sign(userId, orgId, LIFETIME_SECONDS),
      };
    });
  return [
    ...(await Promise.all(signed)),
    {
      name: "expired token",
      kind: "expired token",
      role: "authenticated",
      userId: "user_ana",
      orgId: "org_ana",
      token: await sign("user_ana", "org_ana", -60),
      refused: "RJ008",
    },
    { name: "anonymous", kind: "anonymous", role: "anonymous", ...nobody },
    ...(await Promise.all(signedAnonymous)),
    ...JOBS.map((job): Persona => ({ name: `job ${job}`, kind: "job", role: `rehome_job_${job}`, ...nobody })),
    ...INTERNAL_ROLES.map((role): Persona => ({ name: role, kind: "internal", role, ...nobody })),
  ];
}
