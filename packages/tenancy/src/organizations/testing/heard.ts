import type { Source, SourceEvent, SourceMembership } from "./source.ts";

interface Mark {
  at: string;
  /** Status and role. */
  state: string;
  active: boolean;
  /** What WorkOS says is not known for sure: it is to be fetched. */
  doubt: boolean;
}

/**
 * Which memberships may count while more is under way, from what was heard of them so far: plain rules that share nothing with the SQL.
 *
 * - One that was never heard of does not count; nor one whose end was heard, or that a comparison of everything did not find.
 * - The newest of its states counts. Where two of one millisecond differ it counts only if both let it, until it was fetched.
 * - A state from before the last comparison that the comparison did not find does not count until it was fetched.
 */
export class Heard {
  readonly #marks = new Map<string, Mark>();
  readonly #ended = new Set<string>();
  #compared = "";

  event({ event, data }: SourceEvent): void {
    if (!event.startsWith("organization_membership.")) return;
    const membership = data as unknown as SourceMembership;
    const { id, updated_at: at } = membership;
    if (event.endsWith(".deleted")) this.#ended.add(id);
    const before = this.#marks.get(id);
    if (before && at < before.at) return;
    const said = stateOf(membership);
    if (!before || at > before.at) {
      const late = at < this.#compared;
      this.#marks.set(id, { ...said, at, active: said.active && !late, doubt: late });
    } else if (said.state !== before.state) {
      before.doubt = true;
      before.active &&= said.active;
    }
  }

  /** What is in doubt was asked for; what WorkOS no longer has stays in doubt. */
  fetched(source: Source): void {
    for (const [id, { doubt }] of this.#marks) {
      const found = source.memberships.get(id);
      if (doubt && found) this.#marks.set(id, { ...stateOf(found), at: found.updated_at, doubt: false });
    }
  }

  /** Everything was compared at this moment of the source's clock. */
  compared(source: Source): void {
    this.#compared = new Date(source.now()).toISOString();
    for (const found of source.memberships.values()) this.#marks.set(found.id, { ...stateOf(found), at: found.updated_at, doubt: false });
    for (const id of this.#marks.keys()) if (!source.memberships.has(id)) this.#ended.add(id);
  }

  mayCount(id: string): boolean {
    return !this.#ended.has(id) && this.#marks.get(id)?.active === true;
  }

  /** Whether what is known of it is for sure; not so after two states of one millisecond. */
  isSettled(id: string): boolean {
    return this.#marks.get(id)?.doubt === false;
  }
}

// As the event has it, or as the source does.
function stateOf(membership: SourceMembership): { state: string; active: boolean } {
  const { role } = membership as { role: string | { slug: string } };
  return { state: `${membership.status} ${typeof role === "string" ? role : role.slug}`, active: membership.status === "active" };
}
