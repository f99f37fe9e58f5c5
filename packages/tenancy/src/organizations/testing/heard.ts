import type { Source, SourceEvent, SourceMembership } from "./source.ts";

type Status = SourceMembership["status"];

/** What was heard of one membership. */
interface Mark {
  org: string;
  user: string;
  born: string;
  at: string;
  role: string;
  status: Status;
  /** What WorkOS says is not known for sure: it is to be fetched. */
  doubt: boolean;
  /** WorkOS suspended it at some time. */
  halted: boolean;
  /** How its end was heard of. */
  ended?: "event" | "found";
}

/**
 * Which memberships may count while more is under way, and who is still called owner, from what was heard so far: plain rules that share nothing
 * with the SQL.
 *
 * - One that was never heard of does not count; nor one whose end was heard, or that a comparison of everything did not find.
 * - The newest of its states counts. Where two of one millisecond differ it counts only if both let it, until it was fetched.
 * - A state from before the last comparison that the comparison did not find does not count until it was fetched.
 * - Whoever was suspended last in an organization stays so in a later membership, until that one is suspended and made active again. What a
 *   membership was when it ended, the event of its end says; until then the newest state heard.
 */
export class Heard {
  readonly #marks = new Map<string, Mark>();
  readonly #gone = new Set<string>();
  readonly #slipped = new Set<string>();
  #compared = "";

  event({ event, data }: SourceEvent): void {
    const id = String(data["id"]);
    if (event === "user.deleted" || event === "organization.deleted") this.#gone.add(id);
    if (!event.startsWith("organization_membership.")) return;
    const said = stateOf(data as unknown as SourceMembership);
    const before = this.#marks.get(id);
    const halted = said.status === "inactive" || before?.halted === true;
    if (event.endsWith(".deleted")) {
      if (before?.ended !== "event") this.#marks.set(id, { ...said, halted, doubt: false, ended: "event" });
      else before.halted = halted;
    } else if (before?.ended) {
      before.halted = halted;
      if (before.ended === "found" && said.at >= before.at) Object.assign(before, { status: said.status, at: said.at });
    } else if (!before || said.at > before.at) {
      const late = said.at < this.#compared;
      this.#marks.set(id, { ...said, halted, doubt: late, ...(late ? { status: "inactive" } : {}) });
    } else {
      before.halted = halted;
      if (said.at === before.at && (said.status !== before.status || said.role !== before.role)) {
        before.doubt = true;
        if (said.status !== "active") before.status = said.status;
      }
    }
    if (!this.#isCalledOwner(said.org, said.user)) this.#slipped.add(`${said.org}/${said.user}`);
  }

  /** What is in doubt was asked for; what WorkOS no longer has stays in doubt. */
  fetched(source: Source): void {
    for (const [id, { doubt, ended }] of this.#marks) {
      const found = source.memberships.get(id);
      if (doubt && !ended && found) this.told(found);
    }
  }

  /** WorkOS answered with it. */
  told(membership: SourceMembership): void {
    const said = stateOf(membership);
    this.#marks.set(membership.id, {
      ...said,
      doubt: false,
      halted: said.status === "inactive" || this.#marks.get(membership.id)?.halted === true,
    });
  }

  /** Everything was compared at this moment of the source's clock. */
  compared(source: Source): void {
    this.#compared = new Date(source.now()).toISOString();
    for (const found of source.memberships.values()) this.told(found);
    for (const [id, mark] of this.#marks) {
      if (source.memberships.has(id) || mark.ended) continue;
      mark.ended = "found";
      if (!mark.halted) mark.status = "active"; // it was never said to be suspended
    }
    for (const { user, org } of this.#marks.values()) {
      if (!source.users.has(user)) this.#gone.add(user);
      if (!source.organizations.has(org)) this.#gone.add(org);
    }
  }

  mayCount(id: string): boolean {
    const mark = this.#marks.get(id);
    return mark !== undefined && !mark.ended && mark.status === "active" && !this.isHeld(mark.org, mark.user);
  }

  /** Whether what is known of it is for sure; not so after two states of one millisecond. */
  isSettled(id: string): boolean {
    return this.#marks.get(id)?.doubt === false;
  }

  /** Whether the person was suspended there last. */
  isHeld(org: string, user: string): boolean {
    const halted = [...this.#marks]
      .filter(([, mark]) => mark.org === org && mark.user === user && (mark.halted || (mark.ended && mark.status === "inactive")))
      .toSorted(([a, one], [b, two]) => (`${one.born} ${a}` < `${two.born} ${b}` ? 1 : -1));
    return halted[0]?.[1].status === "inactive";
  }

  /** Whether WorkOS has called the person owner all along since this was asked last, as far as was heard. */
  stayedOwner(org: string, user: string): boolean {
    return !this.#slipped.has(`${org}/${user}`) && this.#isCalledOwner(org, user);
  }

  checked(): void {
    this.#slipped.clear();
  }

  #isCalledOwner(org: string, user: string): boolean {
    if (this.#gone.has(org) || this.#gone.has(user)) return false;
    return [...this.#marks.values()].some(
      (mark) => mark.org === org && mark.user === user && !mark.ended && (mark.role === "owner" || mark.doubt),
    );
  }
}

// As the event has it, or as the source does.
function stateOf(membership: SourceMembership): Pick<Mark, "org" | "user" | "born" | "at" | "role" | "status"> {
  const { role } = membership as { role: string | { slug: string } };
  return {
    org: membership.organization_id,
    user: membership.user_id,
    born: membership.created_at,
    at: membership.updated_at,
    role: typeof role === "string" ? role : role.slug,
    status: membership.status,
  };
}
