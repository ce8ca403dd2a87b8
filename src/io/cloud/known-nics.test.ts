import { expect, test } from 'vitest';
import { address, prefix } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import type { NicId, NicReport, Token } from '../../core/ipam/nic.ts';
import { KnownNics } from './known-nics.ts';

const NIC = 'eni-1' as NicId;
const NOW = 1_800_000_000_000;
const [one, two] = [address('10.0.0.5'), address('10.0.0.6')];
const token = (name: string, at = NOW + 1) => `${name}@${at}` as Token;

function known(...addresses: NicReport['addresses']): KnownNics {
  const nic: NicReport = {
    ...{ id: NIC, mac: mac('02:00:00:00:00:01'), device: 0, card: 0, subnet: 's', groups: [], kind: 'interface' },
    ...{ subnetRange: prefix('10.0.0.0/24'), gateway: address('10.0.0.1'), primary: [address('10.0.0.4')] },
    ...{ addresses, prefixes: [prefix('10.0.0.16/28')], managed: true },
  };
  return new KnownNics([nic], NOW);
}

test('what a NIC held is that of the first time, however often it is asked again', () => {
  const nics = known(one);
  expect(nics.asked(token('a'), NIC, NOW)).toEqual({ had: [one, '10.0.0.16/28'], again: false });
  nics.gained(NIC, [two]);
  expect(nics.asked(token('a'), NIC, NOW)).toEqual({ had: [one, '10.0.0.16/28'], again: true });
  nics.settled(token('a'));
  expect(nics.asked(token('a'), NIC, NOW)).toMatchObject({ had: [one, two, '10.0.0.16/28'], again: false });
});

test('a token from before the start may have been asked by an earlier process', () => {
  expect(known().asked(token('old', NOW - 1), NIC, NOW).again).toBe(true);
});

test('what was given back lately is not taken for given anew: a cloud shows it for a while', () => {
  const nics = known(one, two);
  nics.lost(NIC, [one], NOW);
  expect(nics.all[0]?.addresses).toEqual([two]);
  expect(nics.asked(token('a'), NIC, NOW + 60_000).had).toContain(one);
  expect(nics.asked(token('b'), NIC, NOW + 60_001).had).not.toContain(one);
});

test('of a NIC that nobody told of, nothing is said', () => {
  expect(known().asked(token('a', NOW - 1), 'eni-2' as NicId, NOW)).toEqual({ again: false });
});
