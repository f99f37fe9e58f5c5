import { withUser } from "@rehome/sandbox";
import pg from "pg";
import type { Query } from "../../client/tenancy.ts";
import { addIssuer, syncKeys } from "../../index.ts";
import { ISS, makeIssuer } from "../../testing/issuer.ts";
import { queryOn } from "../run.ts";
import type { OrganizationsDatabase } from "./database.ts";

/** Runs statements as the application, under a token that the database verifies. */
export type AsPerson = <T>(who: { user: string; org: string; sid?: string }, work: (query: Query) => Promise<T>) => Promise<T>;

export async function guardedPeople(database: OrganizationsDatabase): Promise<AsPerson> {
  const issuer = makeIssuer();
  await addIssuer(database.owner, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.test/jwks" });
  await syncKeys(database.owner, "workos", async () => Response.json({ keys: [issuer.jwk] }));
  return async (who, work) => {
    const client = new pg.Client({ connectionString: withUser(database.url, "rehome_login", "login") });
    client.on("error", () => {});
    await client.connect();
    try {
      await client.query("begin; set local role authenticated");
      await client.query("select auth.jwt_session_init($1)", [
        issuer.token({ sub: who.user, org_id: who.org, sid: who.sid ?? `session_${who.user}` }),
      ]);
      return await work(queryOn(client));
    } finally {
      await client.end();
    }
  };
}
