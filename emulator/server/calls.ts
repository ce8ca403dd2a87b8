/** How often each action was called, and how it ended. */
export interface CallCount {
  readonly action: string;
  readonly calls: number;
  readonly errors: Readonly<Record<string, number>>; // by code
}

/** Counts calls since the start, or since they were forgotten. */
export class Calls {
  readonly #counts = new Map<string, { calls: number; readonly errors: Map<string, number> }>();

  count({ action = '(none)', code }: { readonly action?: string; readonly code?: string }): void {
    let of = this.#counts.get(action);
    if (of === undefined) this.#counts.set(action, (of = { calls: 0, errors: new Map() }));
    of.calls++;
    if (code !== undefined) of.errors.set(code, (of.errors.get(code) ?? 0) + 1);
  }

  /** By the names of the actions. */
  all(): readonly CallCount[] {
    const names = [...this.#counts.keys()].toSorted();
    return names.flatMap((action) => {
      const of = this.#counts.get(action);
      return of === undefined ? [] : [{ action, calls: of.calls, errors: Object.fromEntries(of.errors) }];
    });
  }

  forget(): void {
    this.#counts.clear();
  }
}
