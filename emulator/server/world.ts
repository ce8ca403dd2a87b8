import { randomUUID } from 'node:crypto';
import type { Clock, Millis } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { advance } from '../cloud/advance.ts';
import { type Cloud, emptyCloud, type Touch } from '../cloud/cloud.ts';
import type { Call } from '../cloud/request.ts';
import type { CloudRules } from '../cloud/rules.ts';
import { load, save } from '../cloud/snapshot.ts';
import { type Stepped, step } from '../cloud/step.ts';
import { withoutTrouble, withTrouble } from '../cloud/strike.ts';
import type { Trouble } from '../cloud/trouble.ts';

export interface WorldOptions {
  readonly rules: CloudRules;
  readonly zones: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

/** Hears of every change. Nothing touched: everything may be new. */
export type Listener = (cloud: Cloud, touched: readonly Touch[] | undefined) => void;

/** A cloud that goes on: it has the present state, the time, and whoever wants to hear of changes. */
export class World {
  readonly #options: WorldOptions;
  readonly #listeners = new Set<Listener>();
  #cloud: Cloud;
  #ahead: Millis = 0; // of the clock
  #latest: Millis = 0;
  #cancel: (() => void) | undefined;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#cloud = emptyCloud(options.rules, options.zones);
  }

  /** The state now: what was due has happened. */
  get cloud(): Cloud {
    this.#advance();
    return this.#cloud;
  }

  /** Never less than before, whatever the machine's clock does. */
  now(): Millis {
    this.#latest = Math.max(this.#latest, this.#options.clock.now() + this.#ahead);
    return this.#latest;
  }

  step(call: Call): Stepped {
    const stepped = step(this.#cloud, call, this.#env());
    this.#become(stepped.cloud, stepped.touched);
    return stepped;
  }

  /** Lets time pass that did not: what is due until then happens now. */
  pass(ms: Millis): void {
    this.#ahead += ms;
    this.#advance();
  }

  /** Sets the clock back, before anything has happened: a world that is made with a past. */
  begin(ago: Millis): void {
    this.#ahead -= ago;
  }

  trouble(it: Trouble): void {
    this.#advance();
    const { cloud, touched } = withTrouble(this.#cloud, it);
    this.#become(cloud, touched);
  }

  /** Absent: nothing. */
  calm(name: string): void {
    this.#advance();
    const { cloud, touched } = withoutTrouble(this.#cloud, name);
    this.#become(cloud, touched);
  }

  /** The state as text, with the time it is of. */
  save(): string {
    const { cloud } = this;
    return `{"at":${this.now()},"cloud":${save(cloud)}}`;
  }

  /** In place of what there is. Time goes on from that of the state when it is later. Throws SnapshotError. */
  load(text: string): void {
    const [, at = '0', body = text] = /^\s*\{"at":(\d+),"cloud":(.*)\}\s*$/s.exec(text) ?? [];
    const cloud = load(body, this.#options.rules);
    this.#ahead += Math.max(0, Number(at) - this.now());
    this.#become(cloud, undefined);
    this.#advance();
  }

  /** Calls it with every change from now on; the answer ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#wait();
    return () => this.#listeners.delete(listener);
  }

  /** Nothing happens by itself any more. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#listeners.clear();
  }

  #env() {
    return { now: this.now(), random: this.#options.random };
  }

  /** Whether anything happened. */
  #advance(): boolean {
    const { cloud, touched } = advance(this.#cloud, this.#env());
    if (cloud === this.#cloud) return false;
    this.#become(cloud, touched);
    return true;
  }

  #become(cloud: Cloud, touched: readonly Touch[] | undefined): void {
    this.#cloud = cloud;
    this.#wait();
    if (touched !== undefined && touched.length === 0) return;
    for (const listener of this.#listeners) listener(cloud, touched);
  }

  /** For what is due next, or for the end of a trouble. */
  #wait(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#listeners.size === 0) return; // whoever looks is told what is due by then
    const ends = this.#cloud.troubles.flatMap(({ until }) => until ?? []);
    const next = Math.min(this.#cloud.dues.first()?.[0].at ?? Number.POSITIVE_INFINITY, ...ends);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#cancel = this.#options.clock.timer(Math.max(1, next - this.now()), () => {
      if (!this.#advance()) this.#wait(); // a timer may come a moment before the clock says so
    });
  }
}

/** The id of a request: nothing in the cloud depends on it. */
export function requestId(): string {
  return randomUUID();
}
