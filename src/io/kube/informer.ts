import type { Clock, Millis } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { KubeObject, Page } from '../../wire/kube/object.ts';
import type { Selection } from '../../wire/kube/resource.ts';
import type { WatchEvent } from '../../wire/kube/watch.ts';
import { type KubeClient, KubeError } from './client.ts';

/** What became of one object, with what was known of it before. */
export type Change<T> =
  | { readonly kind: 'added'; readonly key: string; readonly now: T }
  | { readonly kind: 'changed'; readonly key: string; readonly before: T; readonly now: T }
  | { readonly kind: 'removed'; readonly key: string; readonly before: T };

export interface InformerDoors {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface InformerQuestion<T> {
  readonly select: Selection;
  /** What is kept of an object. Only what differs here is a change. */
  readonly read: (object: KubeObject) => T;
  /** Called in the order of things; what it throws is a defect. */
  readonly hear: (change: Change<T>) => void;
  /** The server may not know the kind: then there is nothing of it, and it is asked again, ever more seldom. */
  readonly mayBeUnknown?: true;
  /** It may not know the kind, or not show it: then it is asked ever more seldom, and what is known stays known. */
  readonly mayBeRefused?: true;
  /** The first list has been told to its end. Called once. */
  readonly synced?: () => void;
  /** The server was asked in vain; it is asked again. */
  readonly failed?: (error: KubeError) => void;
}

const PAGE = 500;
/** The server ends a watch after so long, each at a time of its own. */
const WATCH_SECONDS = { least: 300, most: 600 };
const FIRST_PAUSE_MS: Millis = 500;
const LAST_PAUSE_MS: Millis = 30_000;
const REFUSED_PAUSE_MS: Millis = 300_000;
/** So often a kind that was there must be said to be unknown before it counts: a server that starts says so, too. */
const UNKNOWN_TIMES = 10;
/** A kind that is unknown is asked for again after so long, then after twice that. */
const FIRST_UNKNOWN_MS: Millis = 5_000;
/** A watch stands when it has told something, or after so long. One that ends before was refused, whatever it says. */
const SHORT_MS: Millis = 1_000;

interface Known<T> {
  readonly uid: string;
  readonly value: T;
  readonly text: string; // of the value: whether it changed
}

/**
 * A copy of some objects that follows the server's: listed page by page, then watched, from where the last watch ended
 * for as long as the server remembers that, else listed anew. Failures are waited out, longer each time, and by chance
 * not all at once. What is known meanwhile stays known.
 */
export class Informer<T> {
  readonly #doors: InformerDoors;
  readonly #question: InformerQuestion<T>;
  readonly #known = new Map<string, Known<T>>();
  readonly #stopping = new AbortController();
  #version: string | undefined; // up to where all is known; undefined: list
  #synced = false;
  #listedOnce = false; // the server has known the kind
  #failures = 0;
  #unknowns = 0; // in a row
  #trouble: KubeError | undefined;
  #wake: () => void = () => {};

  constructor(doors: InformerDoors, question: InformerQuestion<T>) {
    this.#doors = doors;
    this.#question = question;
  }

  /** Once. */
  start(): void {
    void this.#run();
  }

  /** Nothing is told any more. What is being asked is not waited for. */
  stop(): void {
    this.#stopping.abort();
    this.#wake();
  }

  /** Whether a list was ever told to its end. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Why the server is not heard now; undefined while it is. */
  get trouble(): KubeError | undefined {
    return this.#trouble;
  }

  /** What is known, by "namespace/name" or name. */
  get(key: string): T | undefined {
    return this.#known.get(key)?.value;
  }

  values(): readonly T[] {
    return [...this.#known.values()].map(({ value }) => value);
  }

  /** All that is known, by key. Not to be kept: it is as it is now. */
  *entries(): Generator<readonly [key: string, value: T], undefined> {
    for (const [key, { value }] of this.#known) yield [key, value];
  }

  get size(): number {
    return this.#known.size;
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        if (this.#version === undefined) await this.#listIfKnown();
        await (this.#version === undefined ? this.#restUnknown() : this.#watch(this.#version));
      } catch (error) {
        if (this.#stopped) return;
        await this.#pause(error);
      }
    }
  }

  async #listIfKnown(): Promise<void> {
    try {
      await this.#list();
    } catch (error) {
      const unknown = error instanceof KubeError && isUnknown(error);
      if (this.#question.mayBeUnknown !== true || !unknown) throw error;
      if (this.#listedOnce && this.#failures < UNKNOWN_TIMES) throw error;
      this.#listedOnce = false;
      this.#listed(new Set());
      this.#heard();
    }
  }

  /** Soon, for the server may only have begun; then ever more seldom. */
  #restUnknown(): Promise<void> {
    const longest = watchMs(this.#doors.random);
    const pause = Math.min(longest, FIRST_UNKNOWN_MS * 2 ** this.#unknowns++);
    return this.#rest(pause);
  }

  async #list(): Promise<void> {
    const { client } = this.#doors;
    const { select } = this.#question;
    const seen = new Set<string>();
    let version: string | undefined;
    for (let asked: Promise<Page> | undefined = client.list(select, { limit: PAGE }); asked !== undefined; ) {
      const page: Page = await asked;
      if (this.#stopped) return;
      const { more } = page;
      asked = more === undefined ? undefined : client.list(select, { limit: PAGE, more }); // made while this is read
      asked?.catch(() => {}); // told when it is waited for
      for (const object of page.items) {
        seen.add(keyOf(object));
        this.#take(object);
      }
      version = page.resourceVersion;
    }
    this.#version = version;
    this.#listedOnce = true;
    this.#unknowns = 0;
    this.#listed(seen);
  }

  /** Nothing else is there. */
  #listed(seen: ReadonlySet<string>): void {
    for (const key of this.#known.keys()) if (!seen.has(key)) this.#drop(key);
    if (this.#synced) return;
    this.#synced = true;
    this.#question.synced?.();
  }

  async #watch(version: string): Promise<void> {
    const { client, clock, random } = this.#doors;
    const seconds = Math.round(watchMs(random) / 1_000);
    let stands = false;
    const standing = () => {
      if (!stands) this.#heard();
      stands = true;
    };
    const cancel = clock.timer(SHORT_MS, standing);
    const hear = (event: WatchEvent) => {
      standing();
      this.#hear(event);
    };
    const from = { resourceVersion: version, seconds };
    await client.watch(this.#question.select, from, hear, this.#stopping.signal).finally(cancel);
    if (!stands && !this.#stopped)
      throw new KubeError('failing', `the watch of ${this.#question.select.resource.plural} ended at once`);
  }

  #hear(event: WatchEvent): void {
    if (event.kind === 'failed' || this.#stopped) return;
    if (event.kind === 'bookmark') {
      this.#version = event.resourceVersion;
      return;
    }
    const { object, kind } = event;
    if (kind === 'removed') this.#drop(keyOf(object));
    else this.#take(object);
    this.#version = object.metadata.resourceVersion;
  }

  /** An object as it is now. One of another uid is another, though it has the same name. */
  #take(object: KubeObject): void {
    const key = keyOf(object);
    const { uid } = object.metadata;
    const value = this.#question.read(object);
    const text = JSON.stringify(value);
    const before = this.#known.get(key);
    if (before !== undefined && before.uid !== uid) this.#drop(key);
    this.#known.set(key, { uid, value, text });
    if (before === undefined || before.uid !== uid) this.#question.hear({ kind: 'added', key, now: value });
    else if (before.text !== text) this.#question.hear({ kind: 'changed', key, before: before.value, now: value });
  }

  #drop(key: string): void {
    const before = this.#known.get(key);
    if (!this.#known.delete(key) || before === undefined) return;
    this.#question.hear({ kind: 'removed', key, before: before.value });
  }

  #heard(): void {
    if (this.#trouble !== undefined)
      this.#doors.log.info('API server heard again', { what: this.#question.select.resource.plural });
    this.#trouble = undefined;
    this.#failures = 0;
  }

  async #pause(error: unknown): Promise<void> {
    if (!(error instanceof KubeError)) throw error;
    const { log, random } = this.#doors;
    const what = this.#question.select.resource.plural;
    if (error.kind === 'expired') {
      this.#version = undefined;
      log.info('listing anew', { what, because: error.message });
    } else if (this.#trouble === undefined || this.#trouble.kind !== error.kind) {
      log.warn('API server not heard', { what, kind: error.kind, says: error.message });
    }
    if (error.kind !== 'expired') this.#trouble = error;
    this.#question.failed?.(error);
    if (this.#stopped) return;
    const refused = this.#question.mayBeRefused === true && (isUnknown(error) || error.kind === 'denied');
    const longest = Math.min(refused ? REFUSED_PAUSE_MS : LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    const pause = Math.max(error.retryAfterMs ?? 0, longest * (0.5 + random.fraction() / 2));
    await this.#rest(pause);
  }

  async #rest(ms: Millis): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#doors.clock.timer(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      if (this.#stopped) this.#wake();
    });
  }
}

/** The kind, not one object of it: a list names none. */
function isUnknown({ kind }: KubeError): boolean {
  return kind === 'unserved' || kind === 'absent';
}

function watchMs(random: Random): Millis {
  const { least, most } = WATCH_SECONDS;
  return 1_000 * (least + (most - least) * random.fraction());
}

function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}
