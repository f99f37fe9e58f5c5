import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { compareUsers } from "../users/compare.ts";
import type { PacedWorkos } from "../users/workos.ts";
import { judge, type Proof } from "./proof.ts";

/**
 * Proves that every legacy user is accounted for, and that WorkOS holds exactly the people who moved, as Clerk knows them.
 *
 * Per person: one WorkOS user, the one of the identity map; address and verified state, names, the factor; an active membership with the right role in a home
 * of the person's own, and in a practice of the person's own where there is one; none in the home of another person, nor in another's practice unless the
 * product let the person in. Nobody changed the user since the move wrote it.
 */
export async function proveUsers(
  client: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  people: readonly LegacyUser[],
  config: MoveConfig["users"],
  options: { only?: ReadonlySet<string> | null; fresh?: boolean; onProgress?: (done: number, total: number) => void } = {},
): Promise<Proof> {
  const comparison = await compareUsers(client, workos, epoch, people, config, options);
  const counts: Record<string, number> = { move: 0, move_reset_password: 0, hold: 0, exclude: 0, refused: 0 };
  for (const { disposition } of comparison.people) counts[disposition] = (counts[disposition] ?? 0) + 1;
  const offenders = [
    ...comparison.undecided.map((id) => `${id}: no disposition with a reason`),
    ...comparison.people.flatMap(({ id, differences }) => differences.map(({ what }) => `${id}: ${what}`)),
    ...comparison.strangers.map((account) => `WorkOS user ${account.id} is nobody of legacy`),
  ];
  const expected = options.only ? options.only.size : people.length;
  const practices = comparison.people.filter(({ known }) => known?.organizations.practice.id).length;
  const { move, move_reset_password: reset, hold, exclude, refused } = counts;
  const figure = `${expected} legacy users = ${move} moved + ${reset} moved with reset + ${hold} held + ${refused} refused + ${exclude} excluded; ${comparison.observed.accounts.length} at WorkOS, ${practices} with a practice; ${comparison.observed.asked} asked one by one`;
  return judge({ name: "users", checked: comparison.people.length, expected, figure, offenders });
}
