/** How often each action was called, by whom, and how it ended. */
export interface CallCount {
  readonly action: string;
  readonly calls: number;
  readonly errors: Readonly<Record<string, number>>; // by code
  readonly callers: Readonly<Record<string, number>>; // by instance, or else by access key; none: nobody signed
}

interface Counting {
  calls: number;
  readonly errors: Map<string, number>;
  readonly callers: Map<string, number>;
}

/** Counts calls since the start, or since they were forgotten. */
export class Calls {
  readonly #counts = new Map<string, Counting>();

  count({
    action = '(none)',
    code,
    caller,
  }: {
    readonly action?: string;
    readonly code?: string;
    readonly caller?: string;
  }): void {
    let of = this.#counts.get(action);
    if (of === undefined) this.#counts.set(action, (of = { calls: 0, errors: new Map(), callers: new Map() }));
    of.calls++;
    if (code !== undefined) of.errors.set(code, (of.errors.get(code) ?? 0) + 1);
    if (caller !== undefined) of.callers.set(caller, (of.callers.get(caller) ?? 0) + 1);
  }

  /** By the names of the actions. */
  all(): readonly CallCount[] {
    const names = [...this.#counts.keys()].toSorted();
    return names.flatMap((action) => {
      const of = this.#counts.get(action);
      if (of === undefined) return [];
      const { calls, errors, callers } = of;
      return [{ action, calls, errors: Object.fromEntries(errors), callers: Object.fromEntries(callers) }];
    });
  }

  forget(): void {
    this.#counts.clear();
  }
}
