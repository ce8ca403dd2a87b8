import { expect, test } from 'vitest';
import { address, prefix } from '../../../base/ip.ts';
import { mac } from '../../../base/mac.ts';
import type { NicId, NicReport } from '../../../core/ipam/nic.ts';
import { realClock } from '../../system/clock.ts';
import { hear } from '../near.ts';
import { Metadata } from './metadata.ts';
import { InstanceMetadata } from './near.ts';

const AT = 'network/interfaces/macs/';
const own = nic({ id: 'eni-0', device: 0, ip: '10.0.0.10' });
const other = nic({ id: 'eni-1', device: 1, ip: '10.0.0.11' });
const GIVEN = { 'local-ipv4s': '10.0.0.11\n10.0.0.21', 'ipv4-prefix': '10.0.0.32/28' };

function nic({ id, device, ip }: { id: string; device: number; ip: string }): NicReport {
  const range = prefix('10.0.0.0/24');
  return {
    id: id as NicId,
    mac: mac(`02:00:00:00:00:0${device}`),
    device,
    card: 0,
    subnet: 'subnet-1',
    subnetRange: range,
    gateway: address('10.0.0.1'),
    groups: [],
    primary: [address(ip)],
    addresses: [],
    prefixes: [],
    kind: 'interface',
    managed: true,
  };
}

/** Metadata of the node's own NIC and another, which has so much told of it. */
function metadata(ofOther: Readonly<Record<string, string>>): InstanceMetadata {
  const leaves: Record<string, string> = { [AT]: `${own.mac}/\n${other.mac}/\n` };
  leaves[`${AT}${own.mac}/local-ipv4s`] = '10.0.0.10';
  for (const [leaf, text] of Object.entries(ofOther)) leaves[`${AT}${other.mac}/${leaf}`] = text;
  return new InstanceMetadata(
    new Metadata({
      endpoint: 'http://metadata',
      timeoutMs: 1_000,
      clock: realClock,
      ask: async (method, path) => {
        if (method === 'PUT') return { status: 200, text: 'token' };
        const text = leaves[path.replace('/latest/meta-data/', '')];
        return { status: text === undefined ? 404 : 200, text: text ?? '' };
      },
    }),
  );
}

const nobody = () => Promise.reject(new Error('nobody answers'));

test('each NIC is told of with the addresses that it has now, and EC2 is not asked', async () => {
  const told = await hear(metadata(GIVEN), [own, other], nobody);
  expect(told).toEqual([own, { ...other, addresses: ['10.0.0.21'], prefixes: ['10.0.0.32/28'] }]);
});

test.each([
  ['nothing is', {}],
  ['what was given to it, but not its own address, is', { 'local-ipv4s': '10.0.0.21' }],
])(
  'A43: of a NIC that is listed, and %s told of it, EC2 is asked; it is never told of without its address',
  async (_, ofOther) => {
    const fromEc2 = [own, { ...other, addresses: [address('10.0.0.21')] }];
    expect(await hear(metadata(ofOther), [own, other], async () => fromEc2)).toBe(fromEc2);
    expect(await hear(metadata(ofOther), [own, other], nobody)).toEqual([own]);
  },
);

test('where IPv4 is not, prefixes are enough', async () => {
  const only6 = { ...other, primary: [], prefixes: [prefix('2001:db8::/80')] };
  expect(await hear(metadata({ 'ipv6-prefix': '2001:db8::/80' }), [own, only6], nobody)).toEqual([own, only6]);
});

test('a NIC that has no address, as those for EFA alone, is told of whole', async () => {
  const efa: NicReport = { ...other, primary: [], kind: 'efa' };
  expect(await hear(metadata({}), [own, efa], nobody)).toEqual([own, efa]);
});

test('of a NIC that EC2 never told of it is asked before anything else', async () => {
  const asked = [own, other];
  expect(await hear(metadata({}), [own], async () => asked)).toBe(asked);
  expect(await hear(metadata({}), [own], nobody)).toEqual([own]);
});

test('metadata that tell of no NIC whole, and an EC2 that does not answer, tell nothing', async () => {
  await expect(hear(metadata({}), [other], nobody)).rejects.toThrow('nobody answers');
});
