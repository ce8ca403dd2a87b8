import type { Cloud, Env } from './cloud.ts';
import type { Call } from './request.ts';

/**
 * Takes one token from the account's bucket for the action, else from the one for its group. `bucket`: the one that
 * is empty. Without a bucket of either name nobody counts. Buckets are full at first, and refill steadily.
 */
export function withdrawn(
  cloud: Cloud,
  { account, action, group }: Pick<Call, 'account' | 'action' | 'group'>,
  { now }: Pick<Env, 'now'>,
): { readonly cloud: Cloud; readonly bucket?: string } {
  const { buckets: sizes } = cloud.rules;
  const name = sizes[action] === undefined ? group : action;
  const size = sizes[name];
  if (size === undefined) return { cloud };
  const key = `${account} ${name}`;
  const was = cloud.buckets.get(key) ?? { level: size.capacity, at: now };
  const level = Math.min(size.capacity, was.level + (Math.max(0, now - was.at) * size.perSecond) / 1000);
  const taken = level >= 1 ? level - 1 : level;
  const next = { ...cloud, buckets: cloud.buckets.set(key, { level: taken, at: now }) };
  return level >= 1 ? { cloud: next } : { cloud: next, bucket: name };
}
