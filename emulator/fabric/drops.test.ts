import { expect, test } from 'vitest';
import { address, prefix } from '../../src/base/ip.ts';
import { id, SmallCloud } from '../../test/emulator/small-cloud.ts';
import { type Drop, sentence } from './drops.ts';
import { nicLink } from './numbers.ts';
import { REASONS, type Reason } from './reason.ts';

const cloud = new SmallCloud();
cloud.subnet('subnet-a', 'z1', '10.0.1.0/24');
cloud.subnet('subnet-b', 'z2', '10.0.2.0/24');
cloud.machine('a', 'subnet-a', '10.0.1.10');
cloud.machine('b', 'subnet-b', '10.0.2.10', { prefixes: [prefix('10.0.2.32/28')] });
cloud.table('rtb-b', [
  { to: prefix('0.0.0.0/0'), by: { kind: 'internet', gateway: id('igw-gone') } },
  { to: prefix('172.16.0.0/12'), by: { kind: 'nic', nic: id('eni-a') } },
  { to: prefix('172.17.0.0/16'), by: { kind: 'nic', nic: id('eni-gone') } },
]);
cloud.useTable('subnet-b', 'rtb-b');
const nics = new Map([...cloud.nics.values()].map((nic) => [nicLink(nic.mac), nic.id]));
const linkOf = (name: string) => [...nics].find(([, nic]) => nic === name)?.[0] ?? name;

function told(reason: Reason, from: string, to: string, more: Partial<Drop> & { nic?: string } = {}): string {
  const { nic = 'eni-a', ...rest } = more;
  const packet = { link: linkOf(nic), from: address(from), to: address(to), protocol: 'tcp', port: 80, packets: 3n };
  return sentence({ reason, ...packet, ...rest }, cloud, (link) => nics.get(link));
}

const CASES: Readonly<Record<Reason, readonly [string, string]>> = {
  source: [told('source', '10.0.3.17', '10.0.2.10'), '10.0.3.17 sent from eni-a which does not hold it'],
  egress: [told('egress', '10.0.1.10', '10.0.2.10'), 'no rule of sg-vpc-1 lets eni-a send tcp port 80 to 10.0.2.10'],
  ingress: [
    told('ingress', '10.0.1.10', '10.0.2.40', { protocol: 'icmp', port: 0 }),
    'no rule of sg-vpc-1 lets icmp from 10.0.1.10 in to 10.0.2.40 of eni-b',
  ],
  unheld: [
    told('unheld', '10.0.1.10', '10.0.1.99'),
    '10.0.1.99 is held by no NIC that is attached: tcp port 80 from 10.0.1.10 of eni-a',
  ],
  'no-route': [
    told('no-route', '10.0.1.10', '8.8.8.8'),
    'rtb-vpc-1 of subnet-a has no route to 8.8.8.8: tcp port 80 from 10.0.1.10 of eni-a',
  ],
  'no-public': [
    told('no-public', '10.0.1.10', '8.8.8.8'),
    '10.0.1.10 of eni-a has no public address, so the internet gateway takes nothing from it to 8.8.8.8',
  ],
  metadata: [
    told('metadata', '10.0.1.10', '169.254.169.254'),
    'metadata was asked for from 10.0.1.10 of eni-a, and is only behind the primary NIC',
  ],
  cut: [
    told('cut', '10.0.1.10', '10.0.2.10'),
    'the zone of eni-a is cut from that of eni-b: tcp port 80 from 10.0.1.10 to 10.0.2.10',
  ],
};

test.each(REASONS)('a drop of reason %s is a sentence', (reason) => {
  const [said, expected] = CASES[reason];
  expect(said).toBe(expected);
});

test('a stolen address is told with its owner, also when that holds it in a prefix', () => {
  expect(told('source', '10.0.2.37', '10.0.1.1')).toBe('10.0.2.37 sent from eni-a which does not hold it: eni-b does');
});

test.each<[string, string]>([
  ['8.8.8.8', 'leads 8.8.8.8 to igw-gone, which does not take it'],
  ['172.16.0.1', 'leads 172.16.0.1 to eni-a, but eni-a is the target of the route and checks destinations'],
  ['172.17.0.1', 'leads 172.17.0.1 to eni-gone, but eni-gone is the target of the route and is not attached'],
])('a route to %s that is a black hole says why', (to, why) => {
  const said = told('no-route', '10.0.2.10', to, { nic: 'eni-b' });
  expect(said).toContain(`rtb-b of subnet-b ${why}: tcp port 80 from 10.0.2.10 of eni-b`);
});

test('a NIC that nobody knows any more is told by its link', () => {
  expect(told('source', '10.0.3.17', '10.0.2.10', { nic: 'v0a0000000099' })).toBe(
    '10.0.3.17 sent from v0a0000000099 which does not hold it',
  );
});
