import { defineMove } from "rehome";

/** A move of people only; the plain part comes by the environment. */
export default () => {
  const plain = JSON.parse(process.env["REHOME_BENCH_MOVE"] ?? "{}");
  return defineMove({
    ...plain,
    target: { ...plain.target, applySchema: async () => {} },
    users: {
      roles: ["user"],
      organizations: {
        personal: { type: "personal", name: (user) => [user.firstName, user.lastName].filter(Boolean).join(" ") || "Personal" },
      },
      workosRoles: { owner: { name: "Owner", permissions: ["all:manage"] } },
      ownerRole: "owner",
    },
    people: { upsert: [], guests: [] },
    tables: {},
  });
};
