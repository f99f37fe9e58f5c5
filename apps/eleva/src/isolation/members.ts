import type { Who } from "./expected.ts";
import type { Snapshot } from "./snapshot.ts";

/** Every person with every organization of theirs, whatever the status of the membership: who could hold a token. */
export function membersOf(snapshot: Snapshot): Extract<Who, { kind: "member" }>[] {
  return (snapshot.rows["memberships"] ?? []).map((row) => ({
    kind: "member",
    userId: String(row["workos_user_id"]),
    orgId: String(row["org_id"]),
  }));
}
