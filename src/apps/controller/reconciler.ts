import type { Millis } from '../../base/clock.ts';
import type { Change } from '../../io/kube/informer.ts';
import type { Source } from './source.ts';

/** What a reconcile that went well asks for: to be called again after so long though nothing changes. */
export interface Again {
  readonly againInMs: Millis;
}

/**
 * One thing that the controller sees to. `reconcile` looks at how things are, whatever the change was that it is called
 * for, and makes one object as it should be; it may be called at any time, again and again, and by two replicas in one
 * moment, so each write it makes is conditional. It throws KubeError or CloudError when it was refused, and is called
 * again later; anything else is a defect.
 */
export interface Reconciler {
  readonly name: string; // a label of metrics and a field of logs: "berth-nodes"
  readonly watches: readonly Watch[];
  readonly atOnce: number; // so many keys at a time
  /** This replica begins to lead: what it remembers of an earlier time does not count. */
  readonly began?: () => void;
  readonly reconcile: (key: string) => Promise<Again | undefined>;
}

/** Whose turn it is when something changes. */
export interface Watch {
  /** Tells keys from now on, as changes come. */
  readonly follow: (tell: (key: string) => void) => void;
  /** All keys there are now: a replica that begins to lead looks at everything once. */
  readonly all: () => Iterable<string>;
  readonly synced: () => boolean;
}

/** The keys that a change of some object is about. Most changes should be about none. */
export function watching<T>(source: Source<T>, keysOf: (change: Change<T>) => readonly string[]): Watch {
  return {
    follow: (tell) =>
      source.hear((change) => {
        for (const key of keysOf(change)) tell(key);
      }),
    *all() {
      for (const [key, now] of source.entries()) yield* keysOf({ kind: 'added', key, now });
    },
    synced: () => source.synced,
  };
}

/** One key that nothing changes: what is seen to from time to time (`againInMs`) while this replica leads. */
export function always(key: string): Watch {
  return { follow: () => {}, all: () => [key], synced: () => true };
}
