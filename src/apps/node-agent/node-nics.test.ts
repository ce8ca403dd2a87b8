import { expect, test } from 'vitest';
import { address, prefix } from '../../base/ip.ts';
import { localMac } from '../../base/mac.ts';
import type { NicId, NicReport } from '../../core/ipam/nic.ts';
import { nodeNics } from './node-nics.ts';

function nic(device: number, of: Partial<NicReport>): NicReport {
  const place = {
    device,
    card: 0,
    subnet: 'subnet-a',
    subnetRange: prefix('10.0.0.0/20'),
    gateway: address('10.0.0.1'),
  };
  const none = { groups: [], primary: [], addresses: [], prefixes: [] };
  const id = `eni-${device}` as NicId;
  return { id, mac: localMac(BigInt(device)), ...place, ...none, kind: 'interface', managed: true, ...of };
}

test('an address within a range of any NIC is marked by the range alone: the kernel refuses both', () => {
  const range = prefix('10.0.0.32/28');
  const [inside, outside] = [address('10.0.0.42'), address('10.0.0.48')];
  const units = (nics: readonly NicReport[]) => nodeNics(nics).map((it) => it.units);
  expect(units([nic(0, { addresses: [inside, outside], prefixes: [range] })])).toEqual([[outside, range]]);
  expect(units([nic(0, { prefixes: [range] }), nic(1, { addresses: [inside, outside] })])).toEqual([
    [range],
    [outside],
  ]);
  expect(units([nic(0, { prefixes: [range], managed: false }), nic(1, { addresses: [inside] })])).toEqual([[inside]]);
});

test('what others have, and trunks, carry no pods', () => {
  expect(nodeNics([nic(0, {}), nic(1, { managed: false }), nic(2, { kind: 'trunk' })])).toMatchObject([{ device: 0 }]);
});
