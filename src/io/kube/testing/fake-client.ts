import type { Clock } from '../../../base/clock.ts';
import type { WatchEvent } from '../../../wire/kube/watch.ts';
import { type KubeClient, KubeError } from '../client.ts';
import type { ApiStore } from './api-store.ts';

interface Watch {
  readonly selects: string; // the resource
  readonly tell: (event: WatchEvent) => void;
  end: (error?: KubeError) => void;
}

/**
 * A client on a store in memory, without a network: for walks and for the simulator. Watches tell one event a moment,
 * in order.
 */
export class FakeKubeClient implements KubeClient {
  readonly #store: ApiStore;
  readonly #clock: Clock;
  readonly #watches = new Set<Watch>();
  readonly asked: string[] = []; // "list nodes", "create events", …
  #failing: KubeError | undefined;
  #silent = false;
  #end: () => void = () => {};
  readonly #closed = new Promise<void>((_, reject) => {
    this.#end = () => reject(new KubeError('ended', 'the client was closed'));
  });

  constructor(store: ApiStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The API server goes away, its watches with it; undefined: it is back. */
  fail(error: KubeError | undefined): void {
    this.#failing = error;
    if (error !== undefined) this.endWatches(error);
  }

  /** From now on questions are taken and never answered. */
  silence(): void {
    this.#silent = true;
  }

  /** All watches end, as when the server's time for them is up, or by an error. */
  endWatches(error?: KubeError): void {
    for (const { end } of [...this.#watches]) end(error);
  }

  /** Tells all watches that everything is told up to now. */
  bookmark(): void {
    for (const { tell } of this.#watches) tell({ kind: 'bookmark', resourceVersion: this.#store.version });
  }

  get watching(): readonly string[] {
    return [...this.#watches].map(({ selects }) => selects);
  }

  readonly list: KubeClient['list'] = (of, page) =>
    this.#ask(`list ${of.resource.plural}`, () => this.#store.list(of, page));
  readonly get: KubeClient['get'] = (at) => this.#ask(`get ${at.resource.plural}`, () => this.#store.get(at));
  readonly create: KubeClient['create'] = (of, it) =>
    this.#ask(`create ${of.resource.plural}`, () => this.#store.create(of, it));
  readonly replace: KubeClient['replace'] = (at, it) =>
    this.#ask(`replace ${at.resource.plural}`, () => this.#store.replace(at, it));
  readonly patch: KubeClient['patch'] = (at, kind, it) =>
    this.#ask(`patch ${at.resource.plural}`, () => this.#store.patch(at, kind, it));
  readonly apply: KubeClient['apply'] = (at, it, as) =>
    this.#ask(`apply ${at.resource.plural}`, () => this.#store.apply(at, it, as));
  readonly remove: KubeClient['remove'] = (at, only) =>
    this.#ask(`remove ${at.resource.plural}`, () => this.#store.remove(at, only));

  readonly watch: KubeClient['watch'] = async (of, from, hear, signal) => {
    const waiting: WatchEvent[] = [];
    const deliver = () => {
      for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) if (!signal.aborted) hear(event);
    };
    const tell = (event: WatchEvent) => {
      if (waiting.push(event) === 1) this.#clock.timer(0, deliver);
    };
    const stop = await this.#ask(`watch ${of.resource.plural}`, () =>
      this.#store.watch(of, from.resourceVersion, tell),
    );
    const watch: Watch = { selects: of.resource.plural, tell, end: () => {} };
    this.#watches.add(watch);
    const ended = new Promise<void>((resolve, reject) => {
      watch.end = (error) => (error === undefined ? resolve() : reject(error));
    });
    const end = () => watch.end();
    const cancel = this.#clock.timer(from.seconds * 1_000, end);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await ended.finally(() => {
      cancel();
      stop();
      waiting.length = 0;
      this.#watches.delete(watch);
    });
  };

  close(): void {
    this.#end();
    this.endWatches(new KubeError('ended', 'the client was closed'));
  }

  async #ask<T>(what: string, answer: () => T): Promise<T> {
    this.asked.push(what);
    await (this.#silent ? this.#closed : Promise.resolve());
    if (this.#failing !== undefined) throw this.#failing;
    return answer();
  }
}
