import { expect, test } from 'vitest';
import { address, interfaceAddress, prefix } from '../../base/ip.ts';
import { type LinkFacts, type Peer, podMtu, tunnelMac, type TunnelUse, type Way, waysTo } from './tunnel.ts';

const uplink: LinkFacts = {
  name: 'ens3',
  mtuBytes: 1500,
  addresses: [interfaceAddress('192.0.2.7/24'), interfaceAddress('2001:db8::7/64')],
};
const only6: LinkFacts = { ...uplink, addresses: [interfaceAddress('2001:db8::7/64')] };
const only4: LinkFacts = { ...uplink, addresses: [interfaceAddress('192.0.2.7/24')] };

function peer(addresses: string[], ranges: string[], name = 'other'): Peer {
  return { name, addresses: addresses.map(address), ranges: ranges.map(prefix) };
}

function ways(peers: readonly Peer[], facts: LinkFacts | 'none' = uplink, use: TunnelUse = 'auto'): string[] {
  const found = waysTo({ peers, nodeName: 'here', uplink: facts === 'none' ? undefined : facts, use });
  return [...found.ways.map(line), ...(found.local === undefined ? [] : [`from ${found.local}`])];
}

function line(way: Way): string {
  switch (way.by) {
    case 'direct':
      return `${way.range} via ${way.via}`;
    case 'tunnel':
      return `${way.range} in ${way.node}`;
    case 'none':
      return `${way.range} ${way.why}`;
  }
}

test('a peer on our link is reached by its address of the family of the range', () => {
  const both = peer(['192.0.2.8', '2001:db8::8'], ['10.0.4.0/24', 'fd00:4::/64']);
  expect(ways([both])).toEqual(['10.0.4.0/24 via 192.0.2.8', 'fd00:4::/64 via 2001:db8::8']);
});

test('a peer elsewhere is reached through the tunnel', () => {
  expect(ways([peer(['198.51.100.9'], ['10.0.5.0/24'])])).toEqual(['10.0.5.0/24 in 198.51.100.9', 'from 192.0.2.7']);
});

test('a range whose family the peer has no address of goes through the tunnel also on one link', () => {
  expect(ways([peer(['192.0.2.8'], ['10.0.4.0/24', 'fd00:4::/64'])])).toEqual([
    '10.0.4.0/24 via 192.0.2.8',
    'fd00:4::/64 in 192.0.2.8',
    'from 192.0.2.7',
  ]);
});

test('always means the tunnel for everybody, never means the network in between knows the way', () => {
  const near = peer(['192.0.2.8'], ['10.0.4.0/24']);
  const far = peer(['198.51.100.9'], ['10.0.5.0/24']);
  expect(ways([near, far], uplink, 'always')).toEqual([
    '10.0.4.0/24 in 192.0.2.8',
    '10.0.5.0/24 in 198.51.100.9',
    'from 192.0.2.7',
  ]);
  expect(ways([near, far], uplink, 'never')).toEqual(['10.0.4.0/24 via 192.0.2.8', '10.0.5.0/24 left-to-the-network']);
});

test('this node in the list of peers is passed over, by name or by address', () => {
  expect(ways([peer(['198.51.100.1'], ['10.0.3.0/24'], 'here'), peer(['192.0.2.7'], ['10.0.3.0/24'])])).toEqual([]);
});

test('the outer family is IPv4 where all have it, else IPv6 where all have that', () => {
  const six = peer(['2001:db8:9::9'], ['fd00:9::/64']);
  const both = peer(['198.51.100.9', '2001:db8:5::9'], ['10.0.5.0/24'], 'both');
  expect(ways([six, both])).toEqual([
    'fd00:9::/64 in 2001:db8:9::9',
    '10.0.5.0/24 in 2001:db8:5::9',
    'from 2001:db8::7',
  ]);
  expect(ways([both])).toEqual(['10.0.5.0/24 in 198.51.100.9', 'from 192.0.2.7']);
  expect(ways([both], only6)).toEqual(['10.0.5.0/24 in 2001:db8:5::9', 'from 2001:db8::7']);
});

test('a peer without an address of the outer family has no way, and the others keep theirs', () => {
  const six = peer(['2001:db8:9::9'], ['fd00:9::/64']);
  const four = peer(['198.51.100.9'], ['10.0.5.0/24'], 'four');
  expect(ways([six, four])).toEqual(['fd00:9::/64 no-common-family', '10.0.5.0/24 in 198.51.100.9', 'from 192.0.2.7']);
  expect(ways([six], only4)).toEqual(['fd00:9::/64 no-common-family']);
});

test('without an uplink there is no way to anybody', () => {
  expect(ways([peer(['192.0.2.8'], ['10.0.4.0/24'])], 'none')).toEqual(['10.0.4.0/24 no-uplink']);
});

test('the tunnel costs 50 bytes over IPv4 and 70 over IPv6, and nothing when nobody needs it', () => {
  const mtu = (peers: readonly Peer[], facts: LinkFacts) =>
    podMtu({ mtuBytes: 'auto', uplink: facts, ways: waysTo({ peers, nodeName: 'here', uplink: facts, use: 'auto' }) });
  expect(mtu([], uplink)).toBe(1500);
  expect(mtu([peer(['198.51.100.9'], ['10.0.5.0/24'])], uplink)).toBe(1450);
  expect(mtu([peer(['2001:db8:9::9'], ['10.0.5.0/24'])], only6)).toBe(1430);
});

test('both nodes know the MAC of a tunnel from the address of its node alone', () => {
  expect(tunnelMac(address('192.0.2.7'))).toBe(tunnelMac(address('192.0.2.7')));
  expect(tunnelMac(address('192.0.2.7'))).not.toBe(tunnelMac(address('192.0.2.8')));
});
