import { expect, test } from 'vitest';
import { attachmentId } from '../attachment.ts';
import type { NicId } from './nic.ts';
import { nicOf } from './pool.ts';
import { CloudDriver } from './testing/cloud-driver.ts';
import { limitsOf } from './testing/tiny-cloud.ts';

const large = limitsOf(3, 10);
const nicBy = (it: CloudDriver, name: string): NicId | undefined => {
  const [address] = it.pool.claims.get(attachmentId({ network: 'berth', containerId: name, ifname: 'eth0' })) ?? [];
  return address && nicOf(it.pool, address);
};

test('A50: who must not have an address of a NIC has one of another, which is made though addresses are free', () => {
  const it = new CloudDriver({ limits: large }, { targets: { warmAddresses: 5 } }).start();
  it.add('first');
  const apart = [nicBy(it, 'first') as NicId];
  it.add('second', 60_000, { apart });
  it.passes(5_000);
  expect([it.cloud.nics.size, nicBy(it, 'second')]).toEqual([2, it.nic(1)]);
  it.add('third', 60_000, { apart: [...apart, it.nic(1)] });
  it.add('fourth', 60_000, { apart });
  it.passes(5_000);
  expect([nicBy(it, 'third'), it.granted.has('fourth')]).toEqual([it.nic(2), true]);
});

test('A50: where there are no NICs apart, and none can be made, it is refused at once, and nobody else is', () => {
  const it = new CloudDriver({ limits: limitsOf(1, 10) }, { targets: { warmAddresses: 5 } }).start();
  it.add('first');
  it.add('second', 60_000, { apart: [nicBy(it, 'first') as NicId] });
  it.passes(1_000);
  expect(it.refusals.get('second')).toMatchObject({ why: 'nic-limit', nics: 1, limit: 1, serving: 0 });
  it.add('third');
  expect(it.granted.has('third')).toBe(true);
});

test('pack takes the fullest NIC, spread the emptiest that there is, and makes none for it', () => {
  const it = new CloudDriver({ limits: large }, { targets: { warmAddresses: 5 } }).start();
  it.pods(10).passes(5_000);
  expect(it.cloud.nics.size).toBe(2);
  it.remove('p0', false);
  it.add('packed');
  it.add('spread', 60_000, { policy: 'spread' });
  expect([nicBy(it, 'packed'), nicBy(it, 'spread')]).toEqual([it.nic(0), it.nic(1)]);
  it.passes(5_000);
  expect(it.cloud.nics.size).toBe(2);
});
