import { beforeAll, expect, test, vi } from 'vitest';
import { type Burst, burst, type BurstCell } from './burst.ts';
import { churn } from './churn.ts';
import { crowd } from './crowd.ts';
import { fleet } from './fleet.ts';
import { withKeys } from './simulate.ts';

vi.setConfig({ testTimeout: 60_000 }); // simulated minutes of many nodes, on whatever machine

/** What Berth and aws-node took, both with WARM_IP_TARGET=1. */
async function both(of: Burst): Promise<readonly [berth: BurstCell, awsNode: BurstCell]> {
  const [berth, awsNode] = await withKeys(() => burst(of, 3));
  if (berth === undefined || awsNode === undefined) throw new Error('a side is missing');
  return [berth, awsNode];
}

// The SDK loads parts of itself at its first call, in real time, of which simulated time knows nothing.
beforeAll(() => withKeys(() => burst({ type: 'm5.large', unit: 'address', pool: 'cold', pods: 1 }, 1)));

test('A30: 30 pods from one warm address: one call with prefixes on m5.large, and with addresses on 15 NICs of 50', async () => {
  const [prefixes] = await both({ type: 'm5.large', unit: 'prefix', pool: 'warm', pods: 30 });
  expect(prefixes.calls).toEqual({ AssignPrivateIpAddresses: 1 });
  const [addresses, awsNode] = await both({ type: 'm5.24xlarge', unit: 'address', pool: 'warm', pods: 30 });
  expect(addresses).toMatchObject({ calls: { AssignPrivateIpAddresses: 1 }, idleBefore: 1, idleAfter: 1 });
  expect(awsNode).toMatchObject({ calls: { AssignPrivateIpAddresses: 29 }, idleBefore: 1, idleAfter: 1 });
  expect(addresses.lastMs * 5).toBeLessThan(awsNode.lastMs);
});

test('A30: 30 pods from one warm address on m5.xlarge: one assign and two calls a NIC, a fifth of aws-node', async () => {
  const [berth, awsNode] = await both({ type: 'm5.xlarge', unit: 'address', pool: 'warm', pods: 30 });
  const { AssignPrivateIpAddresses, CreateNetworkInterface, AttachNetworkInterface } = berth.calls;
  expect([AssignPrivateIpAddresses, CreateNetworkInterface, AttachNetworkInterface]).toEqual([1, 2, 2]);
  expect(berth.mutating).toBe(5);
  expect(berth.mutating * 5).toBeLessThanOrEqual(awsNode.mutating);
  expect(berth.lastMs * 5).toBeLessThan(awsNode.lastMs);
});

test('a node that starts with pods waiting asks EC2 once what is attached, and once for addresses', async () => {
  const [berth] = await both({ type: 'm5.24xlarge', unit: 'address', pool: 'cold', pods: 10 });
  expect(berth.calls).toEqual({ AssignPrivateIpAddresses: 1, DescribeNetworkInterfaces: 1 });
});

test('the same seed gives the same figures', async () => {
  const of: Burst = { type: 'm5.large', unit: 'address', pool: 'cold', pods: 20 };
  expect(await withKeys(() => burst(of, 9))).toEqual(await withKeys(() => burst(of, 9)));
});

test('A29: one pod goes and another comes for ten minutes, and nothing is given back', async () => {
  const of = { type: 'm5.xlarge', unit: 'address', pods: 20, everyMs: 10_000, forMs: 600_000 } as const;
  const cells = await withKeys(() => churn(of, 3));
  const berth = cells.filter(({ program }) => program === 'berth');
  expect(berth.map(({ unassign, slowestMs }) => [unassign, slowestMs])).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

test('A41: twenty nodes of one account start at once within its quota', async () => {
  const cells = await withKeys(() => fleet({ type: 'm5.large', unit: 'address', nodes: 20, pods: 20 }, 3));
  expect(cells.filter(({ program }) => program === 'berth').map(({ throttled }) => throttled)).toEqual([0, 0]);
});

test('A84: more nodes than the quota lets start at once all get their pods in its time, and are quiet afterwards', async () => {
  const of = { type: 'm5.large', unit: 'prefix', nodes: 200, pods: 4, everyMs: 60_000, forMs: 120_000 } as const;
  const cell = await withKeys(() => crowd(of, { program: 'berth', targets: 'defaults' }, 3));
  expect(cell.quotaMs).toBe(20_000); // 200 calls: 100 at once, and 5 a second
  expect(cell.lastMs).toBeLessThan(2 * cell.quotaMs);
  expect(cell.later).toMatchObject({ throttled: 0, slowestMs: 0 });
});
