import { expect, test } from 'vitest';
import { prefix } from '../../src/base/ip.ts';
import { addresses, id, SmallCloud } from '../../test/emulator/small-cloud.ts';
import type { InstanceState, NicState } from '../cloud/nouns.ts';
import { nicPieces } from './nic-pieces.ts';
import { keyOf } from './piece.ts';

function scene(nic: { state?: NicState } = {}, instance: { state?: InstanceState } = {}) {
  const cloud = new SmallCloud();
  cloud.subnet('subnet-a', 'z1', '10.0.1.0/24', 'fd10:0:0:1::/64');
  const held = { addresses: addresses('10.0.1.10', '10.0.1.11'), prefixes: [prefix('10.0.1.32/28')] };
  const held6 = { addresses6: addresses('fd10:0:0:1::10'), prefixes6: [prefix('fd10:0:0:1:7::/80')] };
  cloud.machine('a', 'subnet-a', '10.0.1.10', { ...held, ...held6, ...nic });
  const one = cloud.instances.get(id('i-a'));
  if (one !== undefined) cloud.instances.set(one.id, { ...one, ...instance });
  return { cloud, pieces: () => [...cloud.nics.values()].flatMap((it) => nicPieces(cloud, it)) };
}

test('all that a NIC holds leads to it, and makes it a member of its groups', () => {
  const keys = scene().pieces().map(keyOf);
  const ranges = ['10.0.1.10/32', '10.0.1.11/32', '10.0.1.32/28', 'fd10:0:0:1::10/128', 'fd10:0:0:1:7::/80'];
  for (const range of ranges) expect(keys).toContain(`route fabric ${range} 254`);
  for (const one of ['10.0.1.10', '10.0.1.32/28']) expect(keys).toContain(`element members-sg-vpc-1-v4 ${one}`);
  for (const one of ['fd10:0:0:1::10', 'fd10:0:0:1:7::/80'])
    expect(keys).toContain(`element members-sg-vpc-1-v6 ${one}`);
});

test.each<[string, NicState, InstanceState, boolean]>([
  ['is being attached', 'attaching', 'running', false],
  ['is attached', 'in-use', 'running', true],
  ['is being detached', 'detaching', 'running', true],
  ['belongs to an instance that starts', 'in-use', 'pending', false],
  ['belongs to an instance that ends', 'in-use', 'shutting-down', true],
  ['belongs to an instance that has ended', 'in-use', 'terminated', false],
])('a NIC that %s: its link stands or not', (_, state, instance, stands) => {
  const kinds = scene({ state }, { state: instance })
    .pieces()
    .map(({ kind }) => kind);
  expect(kinds.includes('nic')).toBe(stands);
  if (!stands) expect(kinds).toEqual([]);
});

test('only the primary NIC is configured, and only once: what is assigned later is not told to the system', () => {
  const { cloud, pieces } = scene();
  const boots = () => pieces().filter(({ kind }) => kind === 'boot');
  const [before] = boots();
  expect(before).toMatchObject({ name: 'eth0', address: '10.0.1.10/24', router: '10.0.1.1' });
  cloud.nic('eni-a2', 'subnet-a', '10.0.1.50', { at: ['i-a', 1] });
  cloud.change('eni-a', { addresses: addresses('10.0.1.10', '10.0.1.60') });
  expect(boots()).toEqual([before]);
});
