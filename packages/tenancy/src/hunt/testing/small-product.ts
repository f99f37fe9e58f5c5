import { readFileSync } from "node:fs";
import { freshDatabase } from "@rehome/sandbox";
import pg from "pg";
import { addIssuer, installGuard, installRoles, syncKeys } from "../../index.ts";
import { ISS, makeIssuer } from "../../testing/issuer.ts";
import type { HuntOptions, Oracle, Persona, Row, TableRule } from "../types.ts";

export interface SmallProduct {
  /** Superuser. */
  owner: pg.Client;
  options: HuntOptions;
  /** A token of now. @param expires seconds from now */
  token(user: string, org: string, expires?: number): string;
  drop(): Promise<void>;
}

/** A guarded database of five small tables, a view and a function, in which everybody reaches what the oracle says and nothing else. */
export async function smallProduct(): Promise<SmallProduct> {
  const database = await freshDatabase();
  const owner = new pg.Client({ connectionString: database.url });
  owner.on("error", () => {});
  await owner.connect();
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
  await installGuard(owner);
  await owner.query(readFileSync(new URL("small-product.sql", import.meta.url), "utf8"));
  await installGuard(owner); // now the mirror exists
  const issuer = makeIssuer();
  await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.test/jwks" });
  await syncKeys(owner, "workos", async () => Response.json({ keys: [issuer.jwk] }));
  const token = (user: string, org: string, expires = 300) => {
    const now = Math.floor(Date.now() / 1000);
    return issuer.token({ sub: user, org_id: org, sid: `session_${user}`, iat: now - 60, exp: now + expires });
  };
  const person = (name: string, kind: Persona["kind"], userId: string, orgId: string): Persona => ({
    name,
    kind,
    role: "authenticated",
    userId,
    orgId,
    token: token(userId, orgId),
  });
  const nobody = { userId: null, orgId: null };
  const personas: Persona[] = [
    person("owner of Alder", "owner", "user_olga", "org_alder"),
    person("member of Alder", "member", "user_max", "org_alder"),
    person("owner of Birch", "other owner", "user_bea", "org_birch"),
    // No member of anything: what is found by this token is found by the token.
    { ...person("expired token", "expired token", "user_zoe", "org_alder"), token: token("user_zoe", "org_alder", -30), refused: "RJ008" },
    { name: "anonymous", kind: "anonymous", role: "anonymous", ...nobody },
    { name: "the guard", kind: "internal", role: "rehome_guard", ...nobody },
    { name: "the tables' owner", kind: "internal", role: "rehome_owner", ...nobody },
  ];
  const kinds = personas.map(({ kind }) => kind);
  return {
    owner,
    options: { owner, personas, oracle, kinds },
    token,
    async drop() {
      await owner.end();
      await database.drop();
    },
  };
}

const everyRow = () => true;
const READ_ALL: TableRule = { read: { rows: everyRow } };
const GUESTBOOK: TableRule = { read: { rows: everyRow, columns: ["org_id", "line"] } };

const oracle: Oracle = {
  rules(_, persona) {
    if (persona.role === "rehome_guard") return { memberships: READ_ALL, guestbook: GUESTBOOK };
    if (persona.role === "rehome_owner") return { guestbook: GUESTBOOK };
    if (persona.role === "anonymous") return { notices: READ_ALL, guestbook: GUESTBOOK };
    if (persona.refused !== undefined) return { notices: READ_ALL, guestbook: GUESTBOOK };
    const ours = (row: Row) => row["org_id"] === persona.orgId;
    return {
      memberships: { read: { rows: (row) => row["workos_user_id"] === persona.userId } },
      projects: { read: { rows: ours } },
      notes: { read: { rows: ours }, insert: { rows: ours }, update: { rows: ours, columns: ["body"] }, delete: { rows: ours } },
      notices: { ...READ_ALL, ...(persona.kind === "member" ? {} : { update: { rows: ours, columns: ["title"] } }) },
      guestbook: { ...GUESTBOOK, insert: { rows: ours } },
    };
  },
  calls(world, persona) {
    if (persona.kind === "internal") return [];
    const closed = persona.role !== "authenticated";
    const ours = (world.rows["projects"] ?? []).filter((row) => persona.refused === undefined && row["org_id"] === persona.orgId);
    return [
      { object: "project_names", sql: "select * from public.project_names", expect: closed ? "42501" : ours.map(({ name }) => ({ name })) },
      { object: "count_projects", sql: "select public.count_projects() as n", expect: closed ? "42501" : [{ n: ours.length }] },
    ];
  },
};
