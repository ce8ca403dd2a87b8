import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Writer } from '../../base/bytes.ts';
import { readAttributes } from '../netlink/attribute.ts';
import { readMessages } from '../netlink/header.ts';
import { ADDRESS_FLAG, putAddress, takeAddress } from './address.ts';
import { type LinkMessage, putLink, takeLink } from './link.ts';
import { takeVethPeer, takeVxlan } from './link-kind.ts';
import { NEIGHBOUR_FLAG, NEIGHBOUR_STATE, putNeighbour, takeNeighbour } from './neighbour.ts';
import { putNeighbourTable, takeNeighbourTable } from './neighbour-table.ts';
import { putNetconf, takeNetconf } from './netconf.ts';
import { putQdisc, takeQdisc, takeTbf } from './qdisc.ts';
import { NEXT_HOP_FLAG, putRoute, ROUTE_TYPE, takeRoute } from './route.ts';
import { putRule, takeRule } from './rule.ts';
import { AF, RTM } from './type.ts';

// Whole messages as they passed: what iproute2 6.1 sent, and what Linux 6.18 answered, taken with strace.
interface Captured {
  readonly what: string;
  readonly from: 'ip' | 'kernel';
  readonly bytes: string;
}
const captured: readonly Captured[] = JSON.parse(
  readFileSync(new URL('testdata/captured.json', import.meta.url), 'utf8'),
);

interface Spelling {
  readonly take: (body: Uint8Array) => { readonly other?: unknown };
  readonly again: (body: Uint8Array) => Uint8Array;
  readonly header: number;
}
function spelling<T extends object>(header: number, take: (body: Uint8Array) => T, put: (w: Writer, v: T) => void) {
  const again = (body: Uint8Array) => {
    const writer = new Writer();
    put(writer, take(body));
    return writer.written;
  };
  return { take, again, header };
}
const SPELLINGS: Readonly<Record<number, Spelling>> = {
  [RTM.NEWLINK]: spelling(16, takeLink, putLink),
  [RTM.NEWADDR]: spelling(8, takeAddress, putAddress),
  [RTM.NEWROUTE]: spelling(12, takeRoute, putRoute),
  [RTM.NEWNEIGH]: spelling(12, takeNeighbour, putNeighbour),
  [RTM.NEWRULE]: spelling(12, takeRule, putRule),
  [RTM.NEWQDISC]: spelling(20, takeQdisc, putQdisc),
  [RTM.SETNEIGHTBL]: spelling(4, takeNeighbourTable, putNeighbourTable),
  [RTM.NEWNETCONF]: spelling(4, takeNetconf, putNetconf),
};

function opened(hex: string): { spelling: Spelling; body: Uint8Array } {
  const [message] = readMessages(Uint8Array.from(Buffer.from(hex, 'hex')));
  const spelling = message && SPELLINGS[message.type];
  if (message === undefined || spelling === undefined) throw new Error(`no spelling for ${hex.slice(0, 16)}`);
  return { spelling, body: message.body };
}

function sortedAttributes(body: Uint8Array, header: number): string[] {
  return readAttributes(body.subarray(header))
    .map(
      ({ type, flags, value }) =>
        `${type | flags} ${value.length} ${nested.has(type) && header === 16 ? '' : Buffer.from(value).toString('hex')}`,
    )
    .sort();
}
const nested = new Set([26]); // IFLA_AF_SPEC: in it our own order, compared as a value

/**
 * iproute2 leaves out the NUL behind a kind or an alias, and the kernel does not mind: our spelling is one byte
 * longer.
 */
const withoutNul = ({ from, bytes }: Captured) => from === 'ip' && bytes.startsWith('1000', 8);

test.each(captured.filter((one) => !withoutNul(one)))(
  '$from: $what: decoding and encoding again gives the same attributes',
  ({ bytes }) => {
    const { spelling, body } = opened(bytes);
    const again = spelling.again(body);
    expect(sortedAttributes(again, spelling.header)).toEqual(sortedAttributes(body, spelling.header));
    expect(again.subarray(0, spelling.header)).toEqual(body.subarray(0, spelling.header));
  },
);

test.each(captured)('$from: $what: what was encoded again means the same', ({ bytes }) => {
  const { spelling, body } = opened(bytes);
  expect(spelling.take(spelling.again(body))).toEqual(spelling.take(body));
});

test.each(captured.filter(({ from }) => from === 'ip'))('$what: nothing of what is asked is unknown', ({ bytes }) => {
  const { spelling, body } = opened(bytes);
  expect(spelling.take(body).other).toBeUndefined();
});

/** The decoded message that iproute2 sent for a command. */
function sent(command: string): object {
  const found = captured.find(({ from, what }) => from === 'ip' && what.startsWith(command));
  if (found === undefined) throw new Error(`nothing captured of ${command}`);
  const { spelling, body } = opened(found.bytes);
  return spelling.take(body);
}

test('a route with everything is what the command says', () => {
  expect(sent('ip route add 10.7.0.0/16')).toMatchObject({
    family: AF.INET,
    destination: '10.7.0.0',
    length: 16,
    gateway: '169.254.1.1',
    outIndex: 3,
    flags: NEXT_HOP_FLAG.ONLINK,
    metrics: { mtu: 1300 },
    table32: 1000,
    protocol: 98,
    type: ROUTE_TYPE.UNICAST,
  });
});

test('a rule is what the command says', () => {
  expect(sent('ip rule add')).toMatchObject({
    source: '10.9.0.0',
    sourceLength: 24,
    destination: '10.10.0.0',
    length: 16,
    inName: 'va',
    mark: 0x80,
    markMask: 0xff,
    table32: 1000,
    priority: 512,
  });
});

test('an address, a neighbour and a forwarding entry are what the commands say', () => {
  expect(sent('ip addr add fd00::1/64')).toEqual({
    family: AF.INET6,
    length: 64,
    flags: ADDRESS_FLAG.NODAD,
    scope: 0,
    index: 3,
    local: 'fd00::1',
    address: 'fd00::1',
  });
  const at = { mac: '02:00:00:00:00:09', state: NEIGHBOUR_STATE.PERMANENT, index: 3 };
  expect(sent('ip neigh add 10.9.0.9')).toMatchObject({ ...at, destination: '10.9.0.9' });
  expect(sent('bridge fdb')).toMatchObject({
    family: AF.BRIDGE,
    flags: NEIGHBOUR_FLAG.SELF,
    mac: '02:00:00:00:00:0a',
    destination: '127.0.0.9',
  });
});

test('a veth and a VXLAN device are what the commands say', () => {
  const veth = sent('ip link add name vc') as LinkMessage;
  expect(veth).toMatchObject({ name: 'vc', mtu: 1400, mac: '02:00:00:00:00:01', transmitQueues: 1, receiveQueues: 1 });
  expect(takeVethPeer(veth.kind?.data ?? new Uint8Array())).toMatchObject({ name: 'vd', mac: '02:00:00:00:00:02' });
  const vxlan = sent('ip link add name vx0') as LinkMessage;
  expect(takeVxlan(vxlan.kind?.data ?? new Uint8Array())).toMatchObject({
    id: 4077,
    local: '127.0.0.1',
    port: 4789,
    learning: 0,
  });
});

test('a token bucket is what the command says', () => {
  const { options } = sent('tc qdisc add') as { options?: Uint8Array };
  const { bucket, burst } = takeTbf(options ?? new Uint8Array());
  expect(bucket).toMatchObject({ rate: 10_000_000, limit: 512_000 });
  expect(burst).toBe(102_400);
});
