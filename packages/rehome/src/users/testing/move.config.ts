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

interface Named {
  firstName: string | null;
  lastName: string | null;
  username: string | null;
}

const nameOf = (user: Named): string => [user.firstName, user.lastName].filter(Boolean).join(" ") || user.username || "Personal";

export const CALLBACKS = {
  users: {
    organizations: {
      personal: { type: "personal", name: nameOf },
      practice: (user: Named & { roles: readonly string[] }) =>
        user.roles.includes("expert") ? { type: "practice", name: `Practice of ${nameOf(user)}` } : undefined,
    },
  },
};
