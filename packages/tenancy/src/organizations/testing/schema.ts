import { organizationTables } from "../tables.ts";

export const { organizations, users, memberships, invitations } = organizationTables();
