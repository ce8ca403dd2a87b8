import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError, Writer } from '../../base/bytes.ts';
import { type Address, addressOfBytes } from '../../base/ip.ts';
import { localMac } from '../../base/mac.ts';
import { putAddress, takeAddress } from './address.ts';
import { putLink, takeLink } from './link.ts';
import {
  bridgePortBytes,
  takeBridgePort,
  takeVethPeer,
  takeVlan,
  takeVxlan,
  vethBytes,
  vxlanBytes,
} from './link-kind.ts';
import { putSettings, takeSettings } from './link-settings.ts';
import { putNeighbour, takeNeighbour } from './neighbour.ts';
import { putNeighbourTable, takeNeighbourTable } from './neighbour-table.ts';
import { putNetconf, takeNetconf } from './netconf.ts';
import { putQdisc, takeQdisc, takeTbf, tbfBytes } from './qdisc.ts';
import { putRoute, takeRoute } from './route.ts';
import { putRule, takeRule } from './rule.ts';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(addressOfBytes);
const v6 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map(addressOfBytes)
  .filter((one) => one.includes(':'));
const address: fc.Arbitrary<Address> = fc.oneof(v4, v6);
const mac = fc.bigInt({ min: 0n, max: 2n ** 48n - 1n }).map(localMac);
const text = fc.string({ maxLength: 15, unit: 'grapheme' }).filter((one) => !one.includes('\0'));
const bytes = fc.uint8Array({ maxLength: 40 });
/** A type that no table knows. */
const other = fc.array(
  fc.record({ type: fc.integer({ min: 2000, max: 0x3fff }), flags: fc.constantFrom(0, 0x8000, 0x4000), value: bytes }),
  { minLength: 1, maxLength: 3 },
);
function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T & string)[]) {
  return fc.record(fields, { requiredKeys: required });
}

const header = { family: u8, index: u32, flags: u8 };
const plainLink = {
  family: u8,
  type: u16,
  index: i32,
  flags: u32,
  change: u32,
  name: text,
  mtu: u32,
  mac,
  below: i32,
  belowNetns: i32,
  master: u32,
  netnsFd: u32,
  alias: text,
  kind: fc.record({ kind: text, data: bytes, portKind: text, portData: bytes, other }, { requiredKeys: [] }),
  spec: fc.record({ inet: fc.record({ conf: fc.array(u32) }), inet6: fc.record({ addressMode: u8 }) }),
  other,
};
const linkHeader = ['family', 'type', 'index', 'flags', 'change'] as const;
const link = fc.record(plainLink, { requiredKeys: [...linkHeader] });

const CASES: readonly [
  string,
  fc.Arbitrary<unknown>,
  (writer: Writer, value: never) => void,
  (body: Uint8Array) => unknown,
][] = [
  ['link', link, putLink, takeLink],
  [
    'address',
    record(
      { ...header, length: u8, scope: u8, local: address, address, label: text, flags32: u32, protocol: u8, other },
      ['family', 'length', 'flags', 'scope', 'index'],
    ),
    putAddress,
    takeAddress,
  ],
  [
    'route',
    fc.record(
      {
        family: u8,
        length: u8,
        sourceLength: u8,
        tos: u8,
        table: u8,
        protocol: u8,
        scope: u8,
        type: u8,
        flags: u32,
        destination: address,
        gateway: address,
        outIndex: u32,
        priority: u32,
        preferredSource: address,
        metrics: fc.record({ mtu: u32, other }, { requiredKeys: [] }),
        table32: u32,
        multipath: bytes,
        other,
      },
      { requiredKeys: ['family', 'length', 'sourceLength', 'tos', 'table', 'protocol', 'scope', 'type', 'flags'] },
    ),
    putRoute,
    takeRoute,
  ],
  [
    'rule',
    fc.record(
      {
        family: u8,
        length: u8,
        sourceLength: u8,
        tos: u8,
        table: u8,
        action: u8,
        flags: u32,
        source: address,
        destination: address,
        inName: text,
        mark: u32,
        markMask: u32,
        priority: u32,
        protocol: u8,
        other,
      },
      { requiredKeys: ['family', 'length', 'sourceLength', 'tos', 'table', 'action', 'flags'] },
    ),
    putRule,
    takeRule,
  ],
  [
    'neighbour',
    fc.record(
      {
        family: u8,
        index: i32,
        state: u16,
        flags: u8,
        type: u8,
        destination: address,
        mac,
        port: u16,
        vni: u32,
        other,
      },
      { requiredKeys: ['family', 'index', 'state', 'flags', 'type'] },
    ),
    putNeighbour,
    takeNeighbour,
  ],
  [
    'neighbour table',
    fc.record(
      { family: u8, name: text, parameters: fc.record({ index: u32, proxyDelayMs: u64, other }), other },
      { requiredKeys: ['family'] },
    ),
    putNeighbourTable,
    takeNeighbourTable,
  ],
  [
    'netconf',
    fc.record({ family: u8, index: i32, forwarding: i32, other }, { requiredKeys: ['family'] }),
    putNetconf,
    takeNetconf,
  ],
  [
    'qdisc',
    fc.record(
      { family: u8, index: i32, handle: u32, parent: u32, extra: u32, kind: text, options: bytes, other },
      { requiredKeys: ['family', 'index', 'handle', 'parent', 'extra'] },
    ),
    putQdisc,
    takeQdisc,
  ],
  [
    'settings',
    fc.record(
      {
        index: i32,
        alias: text,
        v4: fc.dictionary(fc.integer({ min: 1, max: 33 }).map(String), u32, { minKeys: 1 }),
        addressMode: u8,
      },
      { requiredKeys: ['index'] },
    ),
    putSettings,
    takeSettings,
  ],
];

test.each(CASES)('%s: what was encoded decodes to itself, unknown attributes included', (_, values, put, take) => {
  fc.assert(
    fc.property(values, (value) => {
      const writer = new Writer(16);
      put(writer, value as never);
      expect(writer.length % 4).toBe(0);
      expect(take(writer.written)).toEqual(value);
    }),
  );
});

test('the data of link kinds and of a token bucket decode to themselves', () => {
  const vxlan = fc.record({ id: u32, local: v4, local6: v6, port: u16, learning: u8 }, { requiredKeys: [] });
  fc.assert(fc.property(vxlan, (value) => void expect(takeVxlan(vxlanBytes(value))).toEqual(value)));
  fc.assert(fc.property(link, (value) => void expect(takeVethPeer(vethBytes(value))).toEqual(value)));
  fc.assert(
    fc.property(u8, (hairpin) => void expect(takeBridgePort(bridgePortBytes({ hairpin }))).toEqual({ hairpin })),
  );
  const eight = fc.uint8Array({ minLength: 8, maxLength: 8 });
  const twelve = fc.uint8Array({ minLength: 12, maxLength: 12 });
  const bucket = fc.record({ rateDetails: eight, peak: twelve, rate: u32, limit: u32, buffer: u32, mtu: u32 });
  const tbf = fc.record({ bucket, burst: u32, rate64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) });
  fc.assert(fc.property(tbf, (value) => void expect(takeTbf(tbfBytes(value))).toEqual(value)));
});

const DECODERS: readonly [string, (body: Uint8Array) => unknown][] = [
  ...CASES.map(([name, , , take]) => [name, take] as [string, (body: Uint8Array) => unknown]),
  ['vxlan', takeVxlan],
  ['vlan', takeVlan],
  ['veth', takeVethPeer],
  ['bridge port', takeBridgePort],
  ['tbf', takeTbf],
];

test.each(DECODERS)('%s: any bytes at all decode or are refused with DecodeError', (_, take) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (body) => refusesAtMost(take, body)),
    { numRuns: 1000 },
  );
});

test.each(CASES)('%s: a message with bytes changed or cut off decodes or is refused', (_, values, put, take) => {
  const spoiled = fc.tuple(values, fc.nat(), u8, fc.nat());
  fc.assert(
    fc.property(spoiled, ([value, at, byte, length]) => {
      const writer = new Writer(16);
      put(writer, value as never);
      const body = writer.written.slice(0, (length % writer.length) + 1);
      body[at % body.length] = byte;
      refusesAtMost(take, body);
    }),
  );
});

function refusesAtMost(take: (body: Uint8Array) => unknown, body: Uint8Array): void {
  try {
    take(body);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
  }
}
