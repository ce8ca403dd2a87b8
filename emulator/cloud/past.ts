import type { Millis } from '../../src/base/clock.ts';
import type { Id } from './nouns.ts';
import type { Table } from './table.ts';

// What was changed is shown late: a Describe and the metadata service each look at the cloud as it was a while ago.

/** Who looks. */
export type Viewer = 'describe' | 'metadata';

/** A state of a thing, and from when on each shows it. `it` absent: it was not there. */
export interface Version<T> {
  readonly it?: T;
  readonly describe: Millis;
  readonly metadata: Millis;
}

/** A thing as a viewer sees it now. */
export function shown<T>(
  tables: { readonly now: Table<T>; readonly past: Table<readonly Version<T>[]> },
  id: Id,
  at: { readonly viewer: Viewer; readonly now: Millis },
): T | undefined {
  const versions = tables.past.get(id);
  if (versions === undefined) return tables.now.get(id);
  return versions.findLast((version) => version[at.viewer] <= at.now)?.it;
}

/**
 * The versions of a thing after a change. Of those that are due a viewer sees the newest, so it never goes back, though
 * a change may be seen before an earlier one. Undefined when everybody sees the thing as it is.
 */
export function remembered<T>(
  versions: readonly Version<T>[] | undefined,
  change: { readonly before: T | undefined; readonly after: T | undefined },
  { now, describe, metadata }: { readonly now: Millis; readonly describe: Millis; readonly metadata: Millis },
): readonly Version<T>[] | undefined {
  const old = versions ?? [{ ...held(change.before), describe: 0, metadata: 0 }];
  const all = [...old, { ...held(change.after), describe, metadata }];
  const first = all.findLastIndex((it) => it.describe <= now && it.metadata <= now);
  return first === all.length - 1 ? undefined : all.slice(Math.max(0, first));
}

function held<T>(it: T | undefined): { readonly it?: T } {
  return it === undefined ? {} : { it };
}

/** From when on everybody sees the last of them. */
export function settledAt(versions: readonly Version<unknown>[]): Millis {
  const last = versions.at(-1);
  return last === undefined ? 0 : Math.max(last.describe, last.metadata);
}
