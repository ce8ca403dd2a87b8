import { expect, test } from 'vitest';
import { planOf } from './outlook.ts';
import { emptyPool } from './pool.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const large = limitsOf(3, 10, true);

function words(it: CloudDriver): readonly string[] {
  return planOf(it.pool, it.now).map(({ now, next }) => `${now} | ${next}`);
}

test('at rest the plan says what there is, what is aimed at, and that there is nothing to do', () => {
  const it = new CloudDriver({ limits: large }).start();
  expect(words(it)).toEqual(['2 IPv4 addresses: 0 in use, 0 cooling, 2 free; 1 to 2 shall be free | nothing to do']);
});

test('what is under way is said with its NIC and since when, and who waits', () => {
  const it = new CloudDriver({ limits: large }, { targets: { warmAddresses: 1 } }).start().pods(6);
  expect(words(it)).toEqual([
    '1 IPv4 address: 1 in use, 0 cooling, 0 free; 1 shall be free; 5 pods wait | asks for more at once',
  ]);
  it.passes(160);
  expect(words(it)).toEqual([
    '1 IPv4 address: 1 in use, 0 cooling, 0 free; 1 shall be free; 5 pods wait | 6 addresses for eni-0 (asked 100 ms ago)',
  ]);
});

test('what failed is said with when it is asked again', () => {
  const it = new CloudDriver({ limits: large }, { targets: { warmAddresses: 1 } }).start();
  it.failures.push('throttled');
  it.pods(2).passes(365);
  expect(words(it)).toEqual([
    expect.stringMatching(/2 addresses for eni-0 \(asked again in 1(\.\d)? s, failed 1 time\)$/),
  ]);
});

test('an empty subnet is said in the words of the refusal', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 10) }, { targets: { warmAddresses: 1 } }).start();
  it.cloud.dry = true;
  it.pods(1).passes(2_000);
  expect(words(it)).toEqual([expect.stringContaining('| needs more, but subnet subnet-a has no IPv4 address left')]);
});

test('too much is given back after a while, and the plan says how much and when', () => {
  const it = new CloudDriver({ limits: large }, { targets: { warmAddresses: 1, minimumAddresses: 3 } }).start();
  it.pods(8).passes(600_000).pods(2).passes(65_000);
  expect(words(it)).toEqual([
    expect.stringMatching(
      /^9 IPv4 addresses: 2 in use, 0 cooling, 7 free; 1 shall be free, and 3 there be in all \| gives back up to 6 in .* s, should nothing come$/,
    ),
  ]);
});

test('a NIC in doubt is named', () => {
  const it = new CloudDriver({ limits: large }).start();
  it.feed({ kind: 'nicGone', nic: it.nic(0) });
  expect(words(it)[0]).toContain('gives nothing from eni-0 before the cloud has confirmed what is there');
});

test('a pool of ranges has no such plan', () => {
  expect(planOf(emptyPool({ cooldownMs: 1, waitingLimit: 1 }), 0)).toEqual([]);
});

test('a node that has as many as its pods may be needs nothing, until a pod waits', () => {
  const it = new CloudDriver({ limits: large }, { maxPods: 2 }).start().pods(1).passes(5_000);
  expect(words(it)).toEqual([expect.stringMatching(/ 1 free; .* \| nothing to do$/)]);
});
