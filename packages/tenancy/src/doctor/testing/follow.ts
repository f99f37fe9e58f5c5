import type pg from "pg";
import { addIssuer, installGuard, installRoles, syncKeys } from "../../index.ts";
import { publishing } from "../../testing/guarded-database.ts";
import { ISS, type TestIssuer } from "../../testing/issuer.ts";
import type { Check } from "../check.ts";

/** Does what a mend says, as its reader would: statements, then the calls. Calls that have a transaction of their own commit what is open. */
export async function follow(mend: string, client: pg.Client, issuer: TestIssuer): Promise<void> {
  const calls = [...mend.matchAll(/\bcall \w+\(client[^)]*\)/g)];
  const statements = mend.slice(0, calls[0]?.index).replace(/(^as a superuser, |; then )$/, "");
  if (statements !== "") await client.query(statements);
  for (const [call] of calls) await make(call, client, issuer);
}

/** Does what the doctor says of the first thing that is ill, and asks again, until nothing is. @throws when that does not come to an end */
export async function mendAll(ill: () => Promise<Check[]>, client: pg.Client, issuer: TestIssuer): Promise<void> {
  for (let look = 0; look < 8; look++) {
    const checks = await ill();
    if (checks.length === 0) return;
    const next = checks.find(({ state }) => state !== "unknown") ?? checks[0];
    await follow(next?.mend ?? "", client, issuer);
  }
  throw new Error(`It is not mended: ${JSON.stringify(await ill())}`);
}

async function make(call: string, client: pg.Client, issuer: TestIssuer): Promise<void> {
  const [, name, given = ""] = /^call (\w+)\(client(?:, (.*))?\)/.exec(call) ?? [];
  const value = (key: string) => new RegExp(`${key}: "(.+?)"`).exec(given)?.[1];
  const schema = value("schema") ?? "auth";
  switch (name) {
    case "installGuard":
      await installGuard(client, { schema, mirror: value("mirror") ?? "" });
      return;
    case "installRoles":
      await installRoles(client, { moverPassword: "mover", loginPassword: "login" });
      return;
    case "addIssuer":
      await addIssuer(
        client,
        { name: value("name") ?? "workos", iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.com/x" },
        { schema },
      );
      return;
    case "syncKeys":
      await syncKeys(client, /^"(.+?)"/.exec(given)?.[1] ?? "", publishing([issuer.jwk]), { schema });
      return;
    default:
      throw new Error(`Nobody can follow this: ${call}`);
  }
}
