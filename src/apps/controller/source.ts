import type { KubeError } from '../../io/kube/client.ts';
import { type Change, Informer, type InformerDoors } from '../../io/kube/informer.ts';
import type { KubeObject } from '../../wire/kube/object.ts';
import type { Selection } from '../../wire/kube/resource.ts';

/** What is said of a source, whatever it is of. */
export interface SourceState {
  readonly resource: string;
  readonly synced: boolean;
  readonly size: number;
  readonly trouble: KubeError | undefined; // why changes are not heard now
}

/**
 * A copy of all objects of a kind, trimmed, which several reconcilers look at: the API server is asked once for all of
 * them. Asked for by nobody, it is not followed at all.
 */
export class Source<T> implements SourceState {
  readonly resource: string;
  readonly #informer: Informer<T>;
  readonly #hearers: ((change: Change<T>) => void)[] = [];
  readonly #syncedHearers: (() => void)[] = [];
  #wanted = false;

  /** `more`: of an Informer. */
  constructor(
    doors: InformerDoors,
    select: Selection,
    read: (object: KubeObject) => T,
    more: { readonly mayBeUnknown?: true } = {},
  ) {
    this.resource = select.resource.plural;
    this.#informer = new Informer(doors, {
      ...more,
      select,
      read,
      hear: (change) => {
        for (const hear of this.#hearers) hear(change);
      },
      synced: () => {
        for (const hear of this.#syncedHearers) hear();
      },
    });
  }

  /** Somebody looks at it: it is followed when the controller starts. */
  want(): this {
    this.#wanted = true;
    return this;
  }

  /** Wants it, and hears of each change from now on, in the order of things. */
  hear(hearer: (change: Change<T>) => void): void {
    this.want().#hearers.push(hearer);
  }

  /** Calls back once, when the first list has been told to its end. */
  onceSynced(hearer: () => void): void {
    this.#syncedHearers.push(hearer);
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  start(): void {
    this.#informer.start();
  }

  stop(): void {
    this.#informer.stop();
  }

  /** By "namespace/name" or name. */
  get(key: string): T | undefined {
    return this.#informer.get(key);
  }

  /** All that is known, with the keys. */
  entries(): Iterable<readonly [key: string, value: T]> {
    return this.#informer.entries();
  }

  get synced(): boolean {
    return this.#informer.synced;
  }

  get size(): number {
    return this.#informer.size;
  }

  get trouble(): KubeError | undefined {
    return this.#informer.trouble;
  }
}
