import { defineMove } from "../../config/define.ts";

/** The move of `peopleWorld` for a command line of its own: the plain part comes by the environment. */
export default () => {
  const plain = JSON.parse(process.env["REHOME_TEST_MOVE"] ?? "{}");
  return defineMove({
    ...plain,
    ...CALLBACKS,
    target: { ...plain.target, applySchema: async () => {} },
    users: { ...plain.users, ...CALLBACKS.users },
  });
};

export const CALLBACKS = {
  users: {
    organizationType: ({ roles }: { roles: readonly string[] }) => (roles.includes("expert") ? "expert" : "patient"),
    organizationName: (user: { firstName: string | null; lastName: string | null; username: string | null }) =>
      [user.firstName, user.lastName].filter(Boolean).join(" ") || user.username || "Personal",
  },
};
