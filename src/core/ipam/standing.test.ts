import { expect, test } from 'vitest';
import type { Cloud } from './cloud.ts';
import { nicState, numbersOf, standingOf } from './standing.ts';
import { tally } from './tally.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

function cloudOf(it: CloudDriver): Cloud {
  if (it.pool.cloud === undefined) throw new Error('no cloud');
  return it.pool.cloud;
}

/** used, cooling, free, kept and prefixes of each NIC, in IPv4. */
function rows(it: CloudDriver): readonly (readonly number[])[] {
  const cloud = cloudOf(it);
  return cloud.nics.flatMap((nic) =>
    standingOf(it.pool, cloud, nic, it.now).map(({ used, cooling, free, kept, prefixes }) => [
      used,
      cooling,
      free,
      kept,
      prefixes,
    ]),
  );
}

test('single addresses are used, then cooling, then free', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 10) }, { targets: { warmAddresses: 2 } }).start();
  expect(rows(it)).toEqual([[0, 0, 2, 0, 0]]);
  it.pods(2).passes(3_000);
  expect(rows(it)).toEqual([[2, 0, 2, 0, 0]]);
  it.remove('p0');
  expect(rows(it)).toEqual([[1, 1, 2, 0, 0]]);
  it.passes(60_000);
  expect(rows(it)).toEqual([[1, 0, 3, 0, 0]]);
});

test('a prefix counts all of its addresses', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 10, true) }, { unit: 'prefix' }).start();
  it.pods(3).passes(3_000);
  expect(rows(it)).toEqual([[3, 0, 13, 0, 1]]);
});

test('what a NIC in doubt holds is kept, and its pods still use theirs', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 10) }, { targets: { warmAddresses: 2 } }).start();
  it.pods(1)
    .passes(3_000)
    .feed({ kind: 'nicGone', nic: it.nic(0) });
  expect(rows(it)).toEqual([[1, 0, 0, 2, 0]]);
  expect(cloudOf(it).nics.map(nicState)).not.toEqual(['ready']);
});

test('the NICs together hold what the pool has counted', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 5) }).start();
  it.pods(7).passes(10_000).pods(4);
  const sum = rows(it).reduce((all, row) => all.map((count, i) => count + (row[i] ?? 0)), [0, 0, 0, 0, 0]);
  const { claimed, cooling, free, total } = tally(it.pool, cloudOf(it), {
    family: 'v4',
    config: undefined,
    now: it.now,
  });
  expect(sum).toEqual([claimed, cooling, free, total - claimed - cooling - free, 0]);
  expect(claimed).toBe(4);
});

test('what is under way and what is refused is counted by kind', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 10) }, { targets: { warmAddresses: 1 } }).start();
  expect(numbersOf(cloudOf(it))).toMatchObject({ nics: { ready: 1, preparing: 0 }, intents: { assign: 0 } });
  it.failures.push('throttled');
  it.pods(2).passes(400);
  expect(numbersOf(cloudOf(it))).toMatchObject({
    intents: { assign: 1, createNic: 0, unassign: 0, deleteNic: 0 },
    troubles: { throttled: 1, denied: 0 },
  });
});
