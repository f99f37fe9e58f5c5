import { changeRow, deleteRows, type Fault, type Moved } from "./moved.ts";

/** Each on people of its own, so that all can be planted at once. */
export const userFaults: Fault[] = [
  {
    what: "a WorkOS user under another external id",
    plant: async ({ workos, people: [person] }) => {
      const { user, id } = given(person);
      await workos.userManagement.updateUser({ userId: user, externalId: "user_of_nobody" });
      return () => workos.userManagement.updateUser({ userId: user, externalId: id });
    },
    named: /: no WorkOS user, organization or membership$/,
  },
  {
    what: "the verified state of an address",
    plant: async ({ workos, people }) => {
      const { user } = given(people[1]);
      const { emailVerified } = await workos.userManagement.getUser(user);
      await workos.userManagement.updateUser({ userId: user, emailVerified: !emailVerified });
      return () => workos.userManagement.updateUser({ userId: user, emailVerified });
    },
    named: /: verified state of the address differs$/,
  },
  {
    what: "a membership that is not active",
    plant: async ({ workos, people }) => {
      const { membership } = given(people[2]);
      await workos.userManagement.deactivateOrganizationMembership(membership);
      return () => workos.userManagement.reactivateOrganizationMembership(membership);
    },
    named: /: the membership is not active at WorkOS$/,
  },
  {
    what: "a WorkOS user with an external id nobody has",
    plant: ({ workos }) => newUser(workos, { email: "stranger@example.test", externalId: "user_from_elsewhere" }),
    named: /^WorkOS user user_\w+ is nobody of legacy$/,
  },
  {
    what: "a WorkOS user without an external id",
    plant: ({ workos }) => newUser(workos, { email: "unnamed@example.test" }),
    named: /^WorkOS user user_\w+ is nobody of legacy$/,
  },
  {
    what: "a WorkOS user for somebody who is held",
    plant: async ({ workos, target }) => {
      const { rows } = await target.query<{ id: string }>(
        "select legacy_user_id as id from rehome.disposition where disposition = 'hold' limit 1",
      );
      return newUser(workos, { email: "held@example.test", externalId: given(rows[0]).id });
    },
    named: /: is hold and has a WorkOS user$/,
  },
  {
    what: "a disposition that is lost",
    plant: ({ target, people }) => deleteRows(target, "rehome.disposition", `legacy_user_id = '${given(people[3]).id}'`),
    named: /: no disposition with a reason$/,
  },
  {
    what: "a disposition without a reason",
    plant: ({ target, people }) => changeRow(target, "rehome.disposition", `legacy_user_id = '${given(people[4]).id}'`, { reason: "''" }),
    named: /: no disposition with a reason$/,
  },
  {
    what: "another address",
    plant: async ({ workos, people }) => {
      const { user } = given(people[5]);
      const { email, emailVerified } = await workos.userManagement.getUser(user);
      await workos.userManagement.updateUser({ userId: user, email: "another@example.test", emailVerified });
      return () => workos.userManagement.updateUser({ userId: user, email, emailVerified });
    },
    named: /: another address$/,
  },
  {
    what: "a member of another person's organization",
    plant: async ({ workos, people }) => {
      const { id } = await workos.userManagement.createOrganizationMembership({
        userId: given(people[6]).user,
        organizationId: given(people[7]).organization,
        roleSlug: "owner",
      });
      return () => workos.userManagement.deleteOrganizationMembership(id);
    },
    named: /: is a member of another person's organization$/,
  },
  {
    what: "two people who got each other's WorkOS user",
    plant: async ({ workos, people }) => {
      const [a, b] = [given(people[8]), given(people[9])];
      const swap = async (first: string, second: string) => {
        await workos.userManagement.updateUser({ userId: a.user, externalId: "user_in_between" });
        await workos.userManagement.updateUser({ userId: b.user, externalId: second });
        await workos.userManagement.updateUser({ userId: a.user, externalId: first });
      };
      await swap(b.id, a.id);
      return () => swap(a.id, b.id);
    },
    named: /: another WorkOS user than the identity map says$/,
  },
  {
    what: "an organization of somebody else",
    plant: async ({ workos, people }) => {
      const { organization, id } = given(people[10]);
      await workos.organizations.updateOrganization({ organization, externalId: "user_else" });
      return () => workos.organizations.updateOrganization({ organization, externalId: id });
    },
    named: /: the organization is not the person's own$/,
  },
  {
    what: "a practice of somebody else",
    plant: async ({ workos, people }) => {
      const { practice, id } = practised(people, 0);
      await workos.organizations.updateOrganization({ organization: practice, externalId: "practice:user_else" });
      return () => workos.organizations.updateOrganization({ organization: practice, externalId: `practice:${id}` });
    },
    named: /: the practice is not the person's own$/,
  },
  {
    what: "a membership in the practice that is not active",
    plant: async ({ workos, people }) => {
      const { practiceMembership } = practised(people, 1);
      await workos.userManagement.deactivateOrganizationMembership(practiceMembership);
      return () => workos.userManagement.reactivateOrganizationMembership(practiceMembership);
    },
    named: /: the membership in the practice is not active at WorkOS$/,
  },
  {
    what: "a practice that was forgotten",
    plant: ({ target, people }) =>
      changeRow(target, "rehome.identity", `legacy_user_id = '${practised(people, 2).id}'`, {
        workos_practice_id: "null",
        workos_practice_membership_id: "null",
      }),
    named: /: no practice, or no membership in it$/,
  },
  {
    what: "a member of another person's practice",
    plant: async ({ workos, people }) => {
      const { id } = await workos.userManagement.createOrganizationMembership({
        userId: given(people.filter(({ practice }) => practice === null)[5]).user,
        organizationId: practised(people, 0).practice,
        roleSlug: "owner",
      });
      return () => workos.userManagement.deleteOrganizationMembership(id);
    },
    named: /: is a member of another person's organization$/,
  },
];

/** One of those who have a practice, from the end: the first people carry other faults. */
function practised(people: Moved["people"], index: number) {
  const { practice, practiceMembership, ...person } = given(people.filter(({ practice }) => practice !== null).at(-1 - index));
  return { ...person, practice: practice ?? "", practiceMembership: practiceMembership ?? "" };
}

async function newUser(workos: Moved["workos"], options: { email: string; externalId?: string }): Promise<() => Promise<unknown>> {
  const { id } = await workos.userManagement.createUser(options);
  return () => workos.userManagement.deleteUser(id);
}

function given<T>(person: T | undefined): T {
  if (!person) throw new Error("Too few people for this fault.");
  return person;
}
