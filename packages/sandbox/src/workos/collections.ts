/** Records in order of creation, found by id. */
export class Collection<T extends { id: string }> {
  readonly #byId = new Map<string, T>();

  add(item: T): T {
    this.#byId.set(item.id, item);
    return item;
  }

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  /** Oldest first: a Map keeps the order of insertion, which is the order of the ids. */
  all(): T[] {
    return [...this.#byId.values()];
  }
}

/** A one-to-many index from an owner's id to records. */
export class Owned<T extends { id: string }> {
  readonly #byOwner = new Map<string, Map<string, T>>();

  add(owner: string, item: T): void {
    const items = this.#byOwner.get(owner) ?? new Map<string, T>();
    items.set(item.id, item);
    this.#byOwner.set(owner, items);
  }

  delete(owner: string, id: string): void {
    this.#byOwner.get(owner)?.delete(id);
  }

  of(owner: string): T[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])];
  }
}
