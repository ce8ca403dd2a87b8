import type { Millis } from '../../src/base/clock.ts';
import type { Id } from './nouns.ts';

/**
 * Something that goes wrong because somebody wants it to. It strikes the calls of its scope until its time is over or
 * it has struck often enough.
 */
export interface Trouble {
  readonly name: string; // by which it is taken away
  readonly what: Mishap;
  readonly scope: Scope;
  readonly until?: Millis; // absent: until it is taken away
  readonly left?: number; //  strikes; absent: any number
  readonly chance?: number; // of a strike, 0 to 1; absent: always
}

/** Which calls. Absent: all. An instance: calls about it, and calls that come from it. */
export interface Scope {
  readonly action?: string; // as the dialect calls it
  readonly account?: string;
  readonly instance?: Id;
  readonly subnet?: Id;
}

export type Mishap =
  | { readonly kind: 'throttle' }
  | { readonly kind: 'deny' }
  | { readonly kind: 'error'; readonly status: number } // nothing is done
  | { readonly kind: 'hang' } //                           nothing is done, nothing is answered
  | { readonly kind: 'slow'; readonly byMs: Millis } //     done at once, answered late
  | { readonly kind: 'lose' } //                            done, and the answer is lost
  | { readonly kind: 'exhaust'; readonly of: 'address' | 'prefix' } // the subnet has none, whatever is counted
  | { readonly kind: 'limit'; readonly of: 'nics' | 'addresses' } //   the instance has as much as it may
  | { readonly kind: 'fail-job' } //                        attaching and detaching come to nothing
  /** What changes while this lasts is shown that much later. */
  | { readonly kind: 'lag'; readonly viewer: 'describe' | 'metadata'; readonly byMs: Millis }
  /** A NIC is not shown though it is there. */
  | { readonly kind: 'hide'; readonly viewer: 'describe' | 'metadata'; readonly nic: Id }
  /** The credentials of instance roles have ended, those that metadata still give, too. */
  | { readonly kind: 'lapse' }
  /** No packet between the zone and any other one. */
  | { readonly kind: 'cut'; readonly zone: string };
