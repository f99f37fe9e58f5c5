import type { MoveConfig } from "../config/define.ts";
import type { PersonField } from "../config/mapping.ts";

/** The product's table of people on the target, as the mapping fills it: which column holds which field of a person. */
export interface PeopleTable {
  name: string;
  userColumn: string;
  emailColumn: string;
  verifiedColumn: string;
  columnOf(field: PersonField): string | undefined;
}

/** Undefined when no mapping makes a row for every person. */
export function peopleTable(config: MoveConfig): PeopleTable | undefined {
  for (const mapping of Object.values(config.tables)) {
    if (!mapping.everyPerson) continue;
    const [name, sources] = Object.entries(mapping.into)[0] ?? [];
    const columnOf = (field: PersonField) =>
      Object.entries(sources ?? {}).find(
        ([, source]) => (source.kind === "person" || source.kind === "personFirst") && source.field === field,
      )?.[0];
    const [userColumn, emailColumn, verifiedColumn] = [columnOf("workos_user_id"), columnOf("email"), columnOf("email_verified")];
    if (name && userColumn && emailColumn && verifiedColumn) return { name, userColumn, emailColumn, verifiedColumn, columnOf };
  }
  return undefined;
}
