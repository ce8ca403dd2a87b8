import { expect, test } from 'vitest';
import { address } from '../../base/ip.ts';
import { nicOf } from './pool.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const large = limitsOf(3, 10, true); //   m5.large
const xlarge = limitsOf(4, 15, true); //  m5.xlarge
const huge = limitsOf(15, 50, true); //   m5.24xlarge

/** Only growth: assigns and new NICs since the driver had rested. */
function burst(it: CloudDriver, pods: number): readonly string[] {
  const [before, at] = [it.asked.length, it.now];
  it.pods(pods).passes(10_000);
  expect(it.granted.size).toBe(pods);
  expect(it.now - at).toBeLessThanOrEqual(10_000);
  return it.log.filter((line) => line.includes(' ask ')).slice(before);
}

test('A30: 20 pods at once are served from one warm address in two calls at most, with AWS’s own knob', () => {
  const it = new CloudDriver({ limits: huge }, { targets: { warmAddresses: 1 } }).start();
  expect(it.shape).toEqual([1]);
  expect(burst(it, 20).length).toBeLessThanOrEqual(2);
});

test('A30: 30 pods at once: one call with prefixes, one with addresses on one NIC, one more a NIC on a small one', () => {
  const calls = (it: CloudDriver) => burst(it.start(), 30).map((line) => line.replace(/^\d+ ask /, ''));
  expect(calls(new CloudDriver({ limits: large }, { unit: 'prefix', targets: { warmAddresses: 1 } }))).toEqual([
    'eni-0 +1 prefix for pod',
  ]);
  expect(calls(new CloudDriver({ limits: huge }, { targets: { warmAddresses: 1 } }))).toEqual([
    'eni-0 +30 addresses for pod',
  ]);
  expect(calls(new CloudDriver({ limits: xlarge }, { targets: { warmAddresses: 1 } }))).toEqual([
    'eni-0 +13 addresses for pod',
    'new nic +14 addresses for pod',
    'new nic +3 addresses for pod',
  ]);
});

test('a need gathers while pods come, so that ADDs a moment apart cost one call; but not for ever', () => {
  const calls = (apartMs: number) => {
    const it = new CloudDriver({ limits: huge }, { targets: { warmAddresses: 1 } }).start();
    const before = it.asked.length;
    for (let i = 1; i <= 30; i++) it.pods(i).passes(apartMs);
    it.passes(2_000);
    expect(it.granted.size).toBe(30);
    return it.asked.length - before;
  };
  expect(calls(5)).toBe(1);
  expect(calls(50)).toBeGreaterThan(1);
});

test('a pod that waits alone is asked for after 30 ms, a refill that nobody waits for after 100', () => {
  const asks = (pods: number) => {
    const it = new CloudDriver({ limits: huge }, { targets: { warmAddresses: 1 } }).start();
    const at = it.now;
    it.pods(pods).passes(2_000);
    return (it.asked.at(-1)?.at ?? 0) - at;
  };
  expect(asks(1)).toBe(100); // it has the warm address
  const cold = new CloudDriver({ limits: huge }, { targets: { minimumAddresses: 1 } }).start();
  const at = cold.pods(1).passes(2_000).now;
  cold.pods(2).passes(2_000);
  expect((cold.asked.at(-1)?.at ?? 0) - at).toBe(30);
});

test('without knobs two are free at rest, and a quarter of what is in use, so that a slow rollout asks rarely', () => {
  const it = new CloudDriver({ limits: huge }).start();
  expect(it.shape).toEqual([2]);
  for (let i = 1; i <= 40; i++) it.pods(i).passes(5_000);
  expect(it.granted.size).toBe(40);
  expect(it.asked.length).toBeLessThanOrEqual(12); // aws-node: 40
});

test('pods that are known to come are asked for before they come', () => {
  const it = new CloudDriver({ limits: huge }).start();
  it.feed({ kind: 'expected', pods: 25 });
  it.passes(1_000);
  const [ask] = it.asked.slice(1);
  expect([ask?.intent.kind, ask?.urgency]).toEqual(['assign', 'refill']);
  const before = it.asked.length;
  it.feed({ kind: 'expected', pods: 0 });
  it.pods(25);
  expect(it.granted.size).toBe(25);
  expect(it.asked.length).toBe(before);
});

test('A34: 17 pods are held in 2 prefixes, and all 16 addresses of a /28 are given', () => {
  const it = new CloudDriver({ limits: large }, { unit: 'prefix', targets: { warmAddresses: 1 } }).start();
  it.pods(16).passes(10_000);
  it.pods(17).passes(10_000);
  expect(it.shape).toEqual([2]);
  const given = [...it.pool.slots.keys()];
  expect(given.filter((held) => held.endsWith('.16'))).toHaveLength(1); // the first of 10.0.0.16/28
  expect(given.filter((held) => held.endsWith('.31'))).toHaveLength(1); // the last
});

test('A35: with no free /28 single addresses are asked for at once, and prefixes again later', () => {
  const it = new CloudDriver({ limits: huge, fragmented: true }, { unit: 'prefix' }).start();
  it.pods(7).passes(3_000);
  expect(it.granted.size).toBe(7);
  const asked = it.asked.map(({ intent }) => (intent.kind === 'assign' ? intent.unit : intent.kind));
  expect(asked.slice(0, 2)).toEqual(['prefix', 'address']);
  expect(new Set(asked.slice(1))).toEqual(new Set(['address']));
  it.passes(60_000).pods(14).passes(10_000);
  expect(it.asked.filter(({ intent }) => intent.kind === 'assign' && intent.unit === 'prefix')).toHaveLength(2);
  expect(it.granted.size).toBe(14);
});

test('an instance type without prefixes gets single addresses', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 10, false) }, { unit: 'prefix' }).start();
  it.pods(5).passes(5_000);
  expect(it.asked.every(({ intent }) => intent.kind === 'assign' && intent.unit === 'address')).toBe(true);
});

test('A28: never more than max-pods and one unit, whatever is asked and known to come', () => {
  const it = new CloudDriver({ limits: huge }, { unit: 'prefix', maxPods: 30, targets: { warmPrefixes: 4 } }).start();
  it.feed({ kind: 'expected', pods: 100 });
  it.pods(40).passes(30_000);
  expect(it.shape).toEqual([2]);
  expect(it.granted.size).toBe(32);
});

test('A38: MAX_ENI, unmanaged NICs and the slot kept for a trunk bound the NICs that are made', () => {
  const full = (policy: ConstructorParameters<typeof CloudDriver>[1]) => {
    const it = new CloudDriver({ limits: limitsOf(4, 4) }, policy).start().pods(13).passes(20_000);
    expect(it.refusals.get('p12')).toMatchObject({ why: 'nic-limit', nics: it.cloud.nics.size });
    return [it.cloud.nics.size, it.refusals.get('p12')];
  };
  expect(full({})).toEqual([4, expect.not.objectContaining({ trunkSlot: true })]);
  expect(full({ targets: { maxNics: 2 } })).toEqual([2, expect.objectContaining({ limit: 2 })]);
  expect(full({ keepTrunkSlot: true })).toEqual([3, expect.objectContaining({ limit: 4, trunkSlot: true })]);
});

test('A38: a NIC that is not ours to manage counts, holds no pod, and is never touched', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 4) });
  const foreign = it.cloud.addNic({ managed: false, addresses: 2 });
  it.start().pods(9).passes(20_000);
  expect(it.cloud.nics.size).toBe(3);
  expect(it.granted.size).toBe(6);
  it.pods(0).passes(3_600_000);
  expect(it.cloud.nics.get(foreign)?.holds.size).toBe(2);
  expect(it.asked.some(({ intent }) => 'nic' in intent && intent.nic === foreign)).toBe(false);
});

test('A38: a NIC of another network card takes no place of the first one’s', () => {
  const it = new CloudDriver({ limits: limitsOf(4, 4) }, { targets: { maxNics: 3 } });
  const efa = it.cloud.addNic({ managed: false, addresses: 0 });
  it.seen = () => it.cloud.report().map((nic) => (nic.id === efa ? { ...nic, card: 1, kind: 'efa' } : nic));
  it.start().pods(9).passes(20_000);
  expect([it.cloud.nics.size, it.granted.size]).toEqual([4, 9]);
});

test('A47: with custom networking the node’s own NIC holds no pod', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 4) }, { usePrimary: false }).start().pods(4);
  it.passes(20_000);
  expect(it.shape[0]).toBe(0);
  expect(it.granted.size).toBe(4);
});

test('A31: a freed address is not given before it has cooled, also when the cloud has no more', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 4) }).start().pods(3).passes(5_000);
  it.remove('p0');
  it.add('late');
  it.passes(29_000);
  expect(it.granted.has('late')).toBe(false);
  it.passes(1_000);
  expect(it.granted.has('late')).toBe(true);
});

test('A33: 30 deletes and 30 adds in a moment fail no ADD while the cloud has more', () => {
  const it = new CloudDriver({ limits: huge }).start().pods(30).passes(10_000);
  for (let i = 0; i < 30; i++) it.remove(`p${i}`);
  for (let i = 0; i < 30; i++) it.add(`n${i}`, 5_000);
  it.passes(5_000);
  expect([it.granted.size, it.refusals.size]).toEqual([30, 0]);
});

test('ADDs that come while the last NIC is being made wait for the slots that it will have', () => {
  const it = new CloudDriver({ limits: limitsOf(2, 6) }).start().pods(5).passes(20);
  while (!it.asked.some(({ intent }) => intent.kind === 'createNic')) it.passes(10);
  it.pods(10).passes(5_000);
  expect([it.granted.size, it.refusals.size]).toEqual([10, 0]);
  it.add('one too many');
  it.passes(5_000);
  expect(it.refusals.get('one too many')?.why).toBe('nic-limit');
});

test('nicOf tells through which NIC an address is reached', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 4) }).start().pods(6).passes(20_000);
  for (const held of it.pool.slots.keys())
    expect(it.cloud.nics.get(nicOf(it.pool, held) ?? it.nic(0))?.holds.has(held)).toBe(true);
  expect(nicOf(it.pool, address('192.0.2.1'))).toBeUndefined();
});

test('A63: IPv6 pods get addresses of one /80, asked for once', () => {
  const it = new CloudDriver({ limits: large }, { families: ['v6'] }).start();
  it.passes(60_000);
  expect(
    it.asked.map(({ intent }) => intent.kind === 'assign' && `${intent.count} ${intent.unit} ${intent.family}`),
  ).toEqual(['1 prefix v6']);
});
