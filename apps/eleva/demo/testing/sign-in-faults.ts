import type { Fault, Moved } from "./moved.ts";

/** Legacy ids of those who keep their password, by the answer file. */
export function keepingPassword({ world }: Moved): string[] {
  return Object.entries(world.eleva.answers.people)
    .filter(([, person]) => person.disposition === "move" && person.reason.startsWith("password"))
    .map(([id]) => id);
}

/** Each on a person of its own: one address has few tries a minute. */
export function signInFaults(moved: Moved): (Fault & { person: string })[] {
  const { clerkUsers, passwords, totpSecrets } = moved.world.eleva;
  const keeping = keepingPassword(moved);
  const [changed, letIn] = clerkUsers.filter((user) => keeping.includes(user.id) && user.password_hasher === "bcrypt" && !user.totp_secret);
  const factored = clerkUsers.find((user) => keeping.includes(user.id) && user.totp_secret);
  if (!changed || !letIn || !factored) throw new Error("Too few people for these faults.");
  const password = (person: typeof changed, text: string) => async () => {
    const userId = account(moved, person.id);
    await moved.workos.userManagement.updateUser({ userId, password: text });
    const before = { passwordHash: person.password_digest ?? "", passwordHashType: "bcrypt" as const };
    return () => moved.workos.userManagement.updateUser({ userId, ...before });
  };
  return [
    {
      what: "another password",
      person: changed.id,
      plant: password(changed, "quite another password"),
      named: `${changed.id}: does not sign in with the old password`,
    },
    {
      what: "a wrong password that is let in",
      person: letIn.id,
      plant: password(letIn, `${passwords.get(letIn.id)}x`),
      named: `${letIn.id}: signs in with a wrong password`,
    },
    {
      what: "no factor",
      person: factored.id,
      plant: async ({ workos: { multiFactorAuth } }) => {
        const userId = account(moved, factored.id);
        const { data } = await multiFactorAuth.listUserAuthFactors({ userId });
        await multiFactorAuth.deleteFactor(data[0]?.id ?? "");
        return () => multiFactorAuth.createUserAuthFactor({ userId, type: "totp", totpSecret: totpSecrets.get(factored.id) ?? "" });
      },
      named: `${factored.id}: signs in without a code`,
    },
  ];
}

function account({ people }: Moved, legacyUserId: string): string {
  return people.find(({ id }) => id === legacyUserId)?.user ?? "";
}
