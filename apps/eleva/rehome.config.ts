import { defineMove, env } from "rehome";
import { derived, guestAdoption, guestUpsert, peopleRemove, peopleUpsert, practiceSigns, practices } from "./src/move/people.ts";
import { workosRoles } from "./src/move/permissions.ts";
import { proveRecords } from "./src/move/records-proof.ts";
import { tables } from "./src/move/tables.ts";

const EXPERT_ROLES = ["community_expert", "top_expert", "lecturer"];

const nameOf = (user: Record<"firstName" | "lastName" | "username", string | null>) =>
  [user.firstName, user.lastName].filter(Boolean).join(" ") || user.username || "Personal";

/** Eleva Care's move. A function, so that the environment is read when a verb starts. */
export default () => {
  const workosUrl = new URL(process.env["WORKOS_API_URL"] ?? "https://api.workos.com");
  const clientId = env("WORKOS_CLIENT_ID");
  return defineMove({
    name: "Eleva Care",
    legacy: {
      database: env("LEGACY_DATABASE_URL"),
      audit: env("LEGACY_AUDITLOG_DATABASE_URL"),
      clerk: {
        secretKey: env("CLERK_SECRET_KEY"),
        ...(process.env["CLERK_API_URL"] ? { apiUrl: process.env["CLERK_API_URL"] } : {}),
        ...(process.env["CLERK_PUBLISHABLE_KEY"] ? { publishableKey: process.env["CLERK_PUBLISHABLE_KEY"] } : {}),
        exports: env("CLERK_EXPORTS").split(","),
      },
    },
    target: {
      owner: env("TARGET_OWNER_URL"),
      mover: env("TARGET_MOVER_URL"),
      shared: ["categories", "stripe_processed_events"],
      workos: {
        apiKey: env("WORKOS_API_KEY"),
        clientId,
        apiHostname: workosUrl.hostname,
        https: workosUrl.protocol === "https:",
        ...(workosUrl.port ? { port: Number(workosUrl.port) } : {}),
        ...(process.env["WORKOS_SETTLE_SECONDS"] ? { settleSeconds: Number(process.env["WORKOS_SETTLE_SECONDS"]) } : {}),
        ...(process.env["WORKOS_LIMITS"] ? { limits: JSON.parse(process.env["WORKOS_LIMITS"]) } : {}),
      },
      applySchema: async (owner) => {
        // Read only by the verb that needs it: Drizzle and the schema take longer to load than most verbs take to run.
        const { installTarget } = await import("./src/move/target-schema.ts");
        await installTarget(owner, {
          moverUrl: env("TARGET_MOVER_URL"),
          loginUrl: env("DATABASE_URL"),
          workerUrl: env("WORKER_DATABASE_URL"),
          workosClientId: clientId,
          workosUrl: workosUrl.origin,
        });
      },
    },
    users: {
      roles: ["user", "community_expert", "top_expert", "lecturer", "admin", "superadmin"],
      organizations: {
        personal: { type: "patient_personal", name: nameOf },
        practice: (user) =>
          user.roles.some((role) => EXPERT_ROLES.includes(role.toLowerCase()))
            ? { type: "expert_individual", name: nameOf(user) }
            : undefined,
        practiceSigns,
      },
      workosRoles,
      ownerRole: "owner",
      // Set-up flags are computed anew, tokens are asked for again, the rest is of Clerk's own pages.
      dropMetadata: ["unsafe", "private", "locale"],
      accept: (process.env["ACCEPT_HELD"] ?? "")
        .split(",")
        .filter(Boolean)
        .map((id) => ({ id, by: process.env["ACCEPTED_BY"] ?? "the operator", because: "named in ACCEPT_HELD" })),
    },
    people: { upsert: peopleUpsert, remove: peopleRemove, guests: guestUpsert, adoptGuests: guestAdoption, practices },
    tables,
    derive: derived,
    proofs: [{ name: "records", prove: (context) => proveRecords(context, env("ENCRYPTION_KEY")) }],
    ...(process.env["MAX_FREEZE_MS"] ? { maxFreezeMs: Number(process.env["MAX_FREEZE_MS"]) } : {}),
    monthlyCost: { before: 70, after: 99, currency: "USD" },
  });
};
