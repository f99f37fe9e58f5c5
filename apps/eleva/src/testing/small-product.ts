import { readFileSync } from "node:fs";
import type { Persona } from "../isolation/prove.ts";
import type { Queries } from "../isolation/relations.ts";
import type { TargetDatabase } from "./target-database.ts";

/** Fills an empty target with the small product of small-product.sql. */
export async function fillSmallProduct(superuser: Queries): Promise<void> {
  await superuser.query(readFileSync(new URL("small-product.sql", import.meta.url), "utf8"));
}

/** Everybody of the small product, and those who must see what anonymous sees. */
export async function smallPersonas(target: TargetDatabase): Promise<Persona[]> {
  const people: [name: string, user: string, org: string | null][] = [
    ["expert Ana", "user_ana", "org_ana"],
    ["Ana in the clinic", "user_ana", "org_clinic"],
    ["Ana at home", "user_ana", "org_ana_home"],
    ["expert Rui", "user_rui", "org_rui"],
    ["Rui at home", "user_rui", "org_rui_home"],
    ["owner of the clinic", "user_olga", "org_clinic"],
    ["Olga in her practice", "user_olga", "org_olga"],
    ["Olga at home", "user_olga", "org_olga_home"],
    ["patient Pia", "user_pia", "org_pia"],
    ["patient Paul", "user_paul", "org_paul"],
    ["Sam at home", "user_sam", "org_sam"],
    ["Sam, suspended in the clinic", "user_sam", "org_clinic"],
    ["Ivo, invited to the clinic", "user_ivo", "org_clinic"],
    ["Rui with the clinic's id", "user_rui", "org_clinic"],
    ["token without organization", "user_ana", null],
    ["token of a guest's organization", "user_pia", "guest_0"],
    ["stranger", "user_nobody", "org_nowhere"],
  ];
  const members = people.map(async ([name, userId, orgId]): Promise<Persona> => {
    return { name, who: { kind: "member", userId, orgId }, token: await target.token(userId, orgId) };
  });
  return [...(await Promise.all(members)), { name: "anonymous", who: { kind: "anonymous" } }];
}
