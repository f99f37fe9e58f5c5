import type { MoveConfig } from "../config/define.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

/**
 * Makes sure that WorkOS knows every role and permission the move hands out, before the first membership names one.
 *
 * @returns how many were created
 */
export async function provisionRoles(workos: PacedWorkos, roles: MoveConfig["users"]["workosRoles"]): Promise<number> {
  let created = 0;
  const { authorization } = workos.sdk;
  for (const slug of new Set(Object.values(roles).flatMap((role) => role.permissions))) {
    const there = await workos.repeatable("other", `look up permission ${slug}`, () => orNull(authorization.getPermission(slug)));
    if (there) continue;
    await workos.once("other", `create permission ${slug}`, {
      find: () => orNull(authorization.getPermission(slug)),
      create: () => authorization.createPermission({ slug, name: slug }),
      lookFirst: false,
    });
    created += 1;
  }
  for (const [slug, role] of Object.entries(roles)) {
    const there = await workos.repeatable("other", `look up role ${slug}`, () => orNull(authorization.getEnvironmentRole(slug)));
    if (!there) {
      await workos.once("other", `create role ${slug}`, {
        find: () => orNull(authorization.getEnvironmentRole(slug)),
        create: () => authorization.createEnvironmentRole({ slug, name: role.name }),
        lookFirst: false,
      });
      created += 1;
    }
    const granted = new Set(there?.permissions ?? []);
    if (role.permissions.length === granted.size && role.permissions.every((permission) => granted.has(permission))) continue;
    await workos.repeatable("other", `set the permissions of role ${slug}`, () =>
      authorization.setEnvironmentRolePermissions(slug, { permissions: role.permissions }),
    );
  }
  return created;
}
