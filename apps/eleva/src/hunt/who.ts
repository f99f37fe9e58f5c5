import type { Persona } from "@rehome/tenancy";
import type { Who } from "../isolation/expected.ts";

/** Who somebody is to the document: a person in the role of people, else nobody. */
export function whoIs(persona: Persona): Who {
  return persona.role === "authenticated" ? identityOf(persona) : { kind: "anonymous" };
}

/** The identity of the token, whatever the role; a refused token is nobody's. */
export function identityOf({ userId, orgId, refused, token }: Persona): Who {
  return userId === null || token === undefined || refused !== undefined ? { kind: "anonymous" } : { kind: "member", userId, orgId };
}
