import type { Rule } from "../finding.ts";

/** About the product's code, not its database: `tenancy lint --source`. */
export const SOURCE_RULES: readonly Rule[] = [
  {
    id: "source-sets-identity",
    level: "error",
    title: "Code that sets a setting which says who asks",
    why: "Such a setting is a claim that nobody verified: with customary policies it makes anyone anybody. Under the guard it opens nothing, and shows that somebody means it to. `set_config` is named whatever it sets, because the name may be computed.",
  },
  {
    id: "source-sets-role",
    level: "error",
    title: "Code that changes the role of a connection",
    why: "The role decides which policies apply. The client takes the right one in the transaction that needs it, and gives it back; a role taken by hand outlives both.",
  },
  {
    id: "source-calls-guard",
    level: "error",
    title: "Code that binds an identity itself",
    why: "Without the client's cleaning before it and its transaction around it, what an earlier user of the connection left is there with the identity, and a refused token is counted nowhere.",
  },
  {
    id: "source-opens-database",
    level: "error",
    title: "Code that opens a connection to the database past the client",
    why: "What it reads is read by its login, under no identity: as the owner that is every organization's rows (a product that moved once ran all its pages that way).",
  },
  {
    id: "source-gives-driver-token",
    level: "warn",
    title: "Code that gives a token to the driver",
    why: "Neon's authToken is verified by a proxy, and row security sees what that proxy sets. The guard never sees such a token.",
  },
];
