import type { Millis } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import type { Answer } from './answer.ts';
import { type Cloud, type Env, fieldOf, type Tagged, type Touch, tableOf } from './cloud.ts';
import type { Deed } from './deed.ts';
import type { Fault } from './fault.ts';
import type { Id } from './nouns.ts';
import type { Delay } from './rules.ts';

/** A request that was done. */
export interface Done {
  readonly cloud: Cloud;
  readonly answer: Answer;
  readonly touched: readonly Touch[];
}

/** Whether something was refused: every fault has its `why`, and nothing else has. */
export function isFault<T extends object>(it: T | Fault): it is Fault {
  return 'why' in it;
}

/** Done, with nothing to tell. */
export function done(cloud: Cloud, ...touched: readonly Touch[]): Done {
  return { cloud, answer: { is: 'done' }, touched };
}

/** What has an id, or the fault that nothing has it. */
export function found<K extends Tagged>(cloud: Cloud, kind: K, id: Id): Thing<K> | Fault {
  const it = tableOf(cloud, kind).get(id) as Thing<K> | undefined;
  return it ?? { why: 'not-found', kind, id };
}

/** A thing of a kind. */
export type Thing<K extends Tagged> = Exclude<ReturnType<ReturnType<typeof tableOf<K>>['get']>, undefined>;

/** The cloud with a thing new or changed. */
export function put<K extends Tagged>(cloud: Cloud, kind: K, it: Thing<K>): Cloud {
  const table = tableOf(cloud, kind) as unknown as { set(id: Id, it: Thing<K>): unknown };
  return { ...cloud, [fieldOf(kind)]: table.set((it as { readonly id: Id }).id, it) };
}

/** The cloud without a thing. */
export function without(cloud: Cloud, kind: Tagged, id: Id): Cloud {
  return { ...cloud, [fieldOf(kind)]: tableOf(cloud, kind).delete(id) };
}

/** The cloud in which something will happen by itself. */
export function planned(cloud: Cloud, at: Millis, deed: Deed): Cloud {
  const serial = cloud.serial + 1;
  return { ...cloud, serial, dues: cloud.dues.set({ at, serial }, deed) };
}

/** A time after now, drawn from a range. Nothing is drawn when the range is a point. */
export function later(env: Env, [from, to]: Delay): Millis {
  return env.now + drawn(env.random, [from, to]);
}

/** A duration drawn from a range, in whole milliseconds. */
export function drawn(random: Random, [from, to]: Delay): Millis {
  return from === to ? from : Math.round(from + random.fraction() * (to - from));
}

/** The fault of a quota that has no room for more, if it is one. */
export function quotaFault(
  cloud: Cloud,
  of: keyof NonNullable<Cloud['rules']['quotas']>,
  wanted: { readonly has: number; readonly more: number; readonly subject?: Id },
): Fault | undefined {
  const limit = cloud.rules.quotas?.[of];
  if (limit === undefined || wanted.has + wanted.more <= limit) return undefined;
  return { why: 'quota', of, limit, ...(wanted.subject === undefined ? {} : { subject: wanted.subject }) };
}

/** How many things of a table a condition holds for. */
export function numberOf<T>(table: { values(): Iterable<T> }, holds: (it: T) => boolean): number {
  let count = 0;
  for (const it of table.values()) if (holds(it)) count++;
  return count;
}
