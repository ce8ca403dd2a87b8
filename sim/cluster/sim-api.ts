import type { Millis } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { KubeError } from '../../src/io/kube/client.ts';
import type { ApiStore } from '../../src/io/kube/testing/api-store.ts';
import type { Selection } from '../../src/wire/kube/resource.ts';
import type { WatchEvent } from '../../src/wire/kube/watch.ts';
import type { Actor } from '../cloud/cluster.ts';
import type { SimTime } from '../time.ts';
import { type ApiWeather, FAIR_API } from './api-weather.ts';
import { Post } from './post.ts';

/** Something that is asked of the store. It answers, or throws KubeError. */
export type Deed = (store: ApiStore) => unknown;

/** One question. `writes`: it is done though its sender ended on the way. */
export interface Asked {
  readonly deed: Deed;
  readonly writes: boolean;
}

/** Who hears of a watch. Not called after `end`. */
export interface Ear {
  readonly tell: (event: WatchEvent) => void;
  readonly end: (error: KubeError | undefined) => void;
}

interface Watcher extends Ear {
  readonly who: string;
  lagMs: Millis;
  saidUntil: Millis; // of one watch nothing overtakes
  held: WatchEvent[] | undefined; // while its process is cut off
  closed: boolean;
}

/** Of one call each way, in milliseconds: from, to. */
const WAY_MS = [1, 15] as const;
const LATE_MS = 25_000; // longer than anybody waits
const UNHEARD_MS = 40_000; // so long a connection may seem to stand that does not
const BOOKMARK_MS = 45_000;

/**
 * The API server of a cluster and the network before it, on simulated time: what was sent arrives, whether or not its
 * sender still lives; what it keeps is always true, and what it tells may be late, lost or told twice.
 */
export class SimApi implements Actor {
  readonly store: ApiStore;
  #weather: ApiWeather = FAIR_API;
  readonly #random: Random;
  readonly #post: Post<Deed>;
  readonly #watchers = new Set<Watcher>();
  readonly #cut = new Set<string>();

  constructor(of: { store: ApiStore; time: SimTime; random: Random; weather?: ApiWeather }) {
    this.store = of.store;
    this.#random = of.random;
    this.#post = new Post(of.time);
    this.#bookmarkLater();
    this.weather = of.weather ?? FAIR_API;
  }

  get weather(): ApiWeather {
    return this.#weather;
  }

  /** From now on the network does so. */
  set weather(now: ApiWeather) {
    this.#weather = now;
    this.#forgetLater(now);
  }

  /** One like this, from now on apart from it: without its clients, with what they have sent. */
  clone(time: SimTime, random: Random): SimApi {
    const copy = new SimApi({ store: this.store.clone(), time, random, weather: this.weather });
    for (const { after, what } of this.#post.kept) copy.#arrive(after, { deed: what, writes: true }, () => {});
    return copy;
  }

  get next(): Millis | undefined {
    return this.#post.next;
  }

  fireNext(until: Millis): boolean {
    return this.#post.fireNext(until);
  }

  /** Sends a question; `answer` is called when something comes back, which may be never. */
  send(who: string, { deed, writes }: Asked, answer: (outcome: unknown) => void): void {
    const { lost, unheard, late, fails } = this.weather;
    if (this.#cut.has(who) || this.#chance(lost)) return;
    const way = this.#way() + (this.#chance(late) ? this.#random.fraction() * LATE_MS : 0);
    const failure = this.#chance(fails) ? this.#failure() : undefined;
    const asked = failure === undefined ? { deed, writes } : { deed: () => failure, writes: false };
    this.#arrive(way, asked, (outcome) => {
      if (this.#cut.has(who) || this.#chance(unheard)) return;
      this.#post.send(this.#way(), () => answer(outcome));
    });
  }

  /** Begins to watch, at once; what it tells arrives later. Throws KubeError. Answers its end. */
  watch(who: string, of: { select: Selection; since: string }, ear: Ear): () => void {
    const watcher: Watcher = {
      ...ear,
      who,
      lagMs: this.#random.fraction() * this.weather.lagMs,
      ...{ saidUntil: 0, held: undefined, closed: false },
    };
    const stop = this.store.watch(of.select, of.since, (event) => this.#say(watcher, event));
    this.#watchers.add(watcher);
    const close = (error?: KubeError) => {
      if (!this.#watchers.delete(watcher)) return;
      stop();
      this.#then(watcher, 0, () => {
        if (!watcher.closed) watcher.end(error);
        watcher.closed = true;
      });
    };
    const { endsMs } = this.weather;
    if (endsMs > 0) this.#post.send(endsMs * (0.2 + this.#random.fraction()), () => close());
    this.#closers.set(watcher, close);
    return () => {
      watcher.closed = true;
      this.#watchers.delete(watcher);
      stop();
    };
  }

  readonly #closers = new WeakMap<Watcher, (error?: KubeError) => void>();

  /** From now on a process and the API server do not hear each other; its watches seem to stand. */
  cutOff(who: string): void {
    this.#cut.add(who);
    for (const it of this.#watchers) {
      if (it.who !== who) continue;
      it.held ??= [];
      if (this.#chance(0.5)) continue;
      const gone = new KubeError('unreachable', 'the connection is gone');
      this.#post.send(this.#random.fraction() * UNHEARD_MS, () => this.#closers.get(it)?.(gone));
    }
  }

  /** They hear each other again: what was held is told, where the connection outlived it. */
  heal(who: string): void {
    if (!this.#cut.delete(who)) return;
    for (const it of this.#watchers) {
      if (it.who !== who || it.held === undefined) continue;
      const { held } = it;
      it.held = undefined;
      for (const event of held) this.#say(it, event);
    }
  }

  get cut(): ReadonlySet<string> {
    return this.#cut;
  }

  /** From now on the network does well. */
  calm(): void {
    this.weather = FAIR_API;
    for (const it of this.#watchers) it.lagMs = Math.min(it.lagMs, FAIR_API.lagMs);
    for (const who of this.#cut) this.heal(who);
  }

  #arrive(way: Millis, { deed, writes }: Asked, back: (outcome: unknown) => void): void {
    const arrive = () => back(attempt(() => deed(this.store)));
    this.#post.send(way, arrive, writes ? { kept: deed } : {});
  }

  #say(watcher: Watcher, event: WatchEvent): void {
    if (watcher.held !== undefined) watcher.held.push(event);
    else {
      this.#then(watcher, watcher.lagMs, () => watcher.closed || watcher.tell(event));
      if (event.kind === 'changed' && this.#chance(this.weather.doubled)) this.#sayAgain(watcher, event);
    }
  }

  #sayAgain(watcher: Watcher, event: WatchEvent): void {
    this.#then(watcher, watcher.lagMs, () => watcher.closed || watcher.tell(event));
  }

  #then(watcher: Watcher, lagMs: Millis, then: () => void): void {
    watcher.saidUntil = this.#post.send(this.#way() + lagMs, then, { notBefore: watcher.saidUntil });
  }

  #bookmarkLater(): void {
    this.#post.send(BOOKMARK_MS, () => {
      for (const it of this.#watchers) this.#say(it, { kind: 'bookmark', resourceVersion: this.store.version });
      this.#bookmarkLater();
    });
  }

  /** What happened is forgotten. Who watches may go on, or is told 410. */
  #forgetLater(under: ApiWeather): void {
    if (under.forgetsMs === 0) return;
    this.#post.send(under.forgetsMs * (0.5 + this.#random.fraction()), () => {
      if (this.#weather !== under) return;
      this.store.forget();
      const expired = new KubeError('expired', 'too old resource version');
      for (const it of [...this.#watchers]) if (this.#chance(0.5)) this.#closers.get(it)?.(expired);
      this.#forgetLater(under);
    });
  }

  #failure(): KubeError {
    const lot = this.#random.fraction();
    if (lot < 0.4) return new KubeError('failing', 'etcdserver: leader changed');
    if (lot < 0.7) return new KubeError('throttled', 'too many requests', { retryAfterMs: 1_000 });
    return new KubeError('late', 'the request did not complete within the time');
  }

  #chance(share: number): boolean {
    return share > 0 && this.#random.fraction() < share;
  }

  #way(): Millis {
    const [from, to] = WAY_MS;
    return from + Math.floor(this.#random.fraction() * (to - from));
  }
}

function attempt(deed: () => unknown): unknown {
  try {
    return deed();
  } catch (error) {
    if (error instanceof KubeError) return error;
    throw error;
  }
}
