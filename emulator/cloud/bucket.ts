import type { Cloud, Env } from './cloud.ts';
import type { Call } from './request.ts';

/**
 * Takes from the account's buckets what a call costs: one token from that of the action, else of its group; and where
 * there is a second one of the action, named with " resources" behind, one for each thing it asks for there. A call
 * that one of them has too little for takes from neither. `bucket`: the one that has too little. Without buckets nobody
 * counts. They are full at first, and refill steadily.
 */
export function withdrawn(
  cloud: Cloud,
  call: Pick<Call, 'account' | 'action' | 'group' | 'request'>,
  { now }: Pick<Env, 'now'>,
): { readonly cloud: Cloud; readonly bucket?: string } {
  const { account, action, group, request } = call;
  const sizes = cloud.rules.buckets;
  const wanted = [
    { name: sizes[action] === undefined ? group : action, cost: 1 },
    { name: `${action} resources`, cost: resourcesOf(request) },
  ].flatMap(({ name, cost }) => {
    const size = sizes[name];
    if (size === undefined) return [];
    const key = `${account} ${name}`;
    const was = cloud.buckets.get(key) ?? { level: size.capacity, at: now };
    const level = Math.min(size.capacity, was.level + (Math.max(0, now - was.at) * size.perSecond) / 1000);
    return [{ name, key, cost, level }];
  });
  const empty = wanted.find(({ cost, level }) => level < cost);
  let { buckets } = cloud;
  for (const { key, cost, level } of wanted)
    buckets = buckets.set(key, { level: empty === undefined ? level - cost : level, at: now });
  return { cloud: { ...cloud, buckets }, ...(empty === undefined ? {} : { bucket: empty.name }) };
}

/** How many things a call would make or end, of those that are counted. */
function resourcesOf(request: Call['request']): number {
  if (request.do === 'run-instances') return request.most;
  return request.do === 'terminate-instances' ? request.instances.length : 0;
}
