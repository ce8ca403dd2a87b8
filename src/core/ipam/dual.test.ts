import { expect, test } from 'vitest';
import { type Address, familyOf } from '../../base/ip.ts';
import { claimOf } from './pool.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { id } from './testing/driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const FAMILIES = ['v4', 'v6'] as const;

function claim(it: CloudDriver, container: string, until = 20_000): void {
  it.feed({ kind: 'claim', by: id(container), families: FAMILIES, wanted: [], until: it.now + until });
}

const families = (held: readonly Address[] | undefined) => held?.map(familyOf);

test('A64: a pod gets one address of each family, IPv6 from one /80 for the whole node', () => {
  const it = new CloudDriver({ limits: limitsOf(3, 10, true) }, { families: FAMILIES }).start();
  for (let i = 0; i < 20; i++) claim(it, `c${i}`);
  it.passes(10_000);
  for (let i = 0; i < 20; i++) expect(families(claimOf(it.pool, id(`c${i}`)))).toEqual(['v4', 'v6']);
  const asked = it.asked.flatMap(({ intent }) => (intent.kind === 'assign' && intent.family === 'v6' ? [intent] : []));
  expect(asked).toHaveLength(1);
});

test('A64: who lacks one family waits with nothing of the other, and is refused for what is missing', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 3, true) }, { families: FAMILIES }).start();
  for (const container of ['a', 'b', 'c']) claim(it, container);
  it.passes(5_000);
  expect(it.refusals.get('c')).toMatchObject({ why: 'nic-limit', family: 'v4' });
  expect(it.pool.waiting).toEqual([]);
  const six = [...it.pool.slots].filter(([held, slot]) => familyOf(held) === 'v6' && slot.state === 'claimed');
  expect(six).toHaveLength(2);
});
