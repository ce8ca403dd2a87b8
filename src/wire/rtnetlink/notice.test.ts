import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError, Writer } from '../../base/bytes.ts';
import { address } from '../../base/ip.ts';
import { mac } from '../../base/mac.ts';
import { findAttribute, readAttributes } from '../netlink/attribute.ts';
import { type Message, readMessages } from '../netlink/header.ts';
import { putAddress } from './address.ts';
import { type LinkMessage, putLink } from './link.ts';
import { NEIGHBOUR_STATE, putNeighbour } from './neighbour.ts';
import { putNetconf } from './netconf.ts';
import { noticeOf } from './notice.ts';
import { putRoute } from './route.ts';
import { putRule } from './rule.ts';
import { RTM } from './type.ts';

function message<T>(type: number, put: (writer: Writer, value: T) => void, value: T, port = 0): Message {
  const writer = new Writer();
  put(writer, value);
  return { type, flags: 0, sequence: 0, port, body: writer.written };
}

const LINK: LinkMessage = { family: 0, type: 1, index: 7, flags: 0, change: 0, name: 'bth1', mtu: 1400, belowNetns: 3 };
const ROUTE = { family: 2, length: 0, sourceLength: 0, tos: 0, table: 254, protocol: 98, scope: 0, type: 1, flags: 0 };
const NEIGHBOUR = {
  family: 2,
  index: 7,
  flags: 0,
  type: 0,
  destination: address('10.0.0.1'),
  mac: mac('02:00:00:00:00:01'),
};

test('a link is told with its name and the namespace of its other end', () => {
  const told = { what: 'link', index: 7, name: 'bth1', belowNetns: 3, port: 0 };
  expect(noticeOf(message(RTM.NEWLINK, putLink, LINK))).toEqual({ ...told, gone: false });
  expect(noticeOf(message(RTM.DELLINK, putLink, LINK))).toEqual({ ...told, gone: true });
});

test('a link as the kernel told of it', () => {
  const captured: { what: string; from: string; bytes: string }[] = JSON.parse(
    readFileSync(new URL('testdata/captured.json', import.meta.url), 'utf8'),
  );
  const found = captured.find(({ what, from }) => from === 'kernel' && what === 'ip -d link show dev vc');
  const [told] = readMessages(Uint8Array.from(Buffer.from(found?.bytes ?? '', 'hex')));
  expect(told && noticeOf(told)).toMatchObject({ what: 'link', name: 'vc', gone: false });
});

test('a port that leaves its bridge is no link that goes', () => {
  expect(noticeOf(message(RTM.DELLINK, putLink, { ...LINK, family: 7 }))).toBeUndefined();
});

test('addresses, routes, rules and settings are told with the link they are about and who made them', () => {
  const addressed = { family: 2, length: 32, flags: 0, scope: 0, index: 7, local: address('10.0.0.1') };
  expect(noticeOf(message(RTM.DELADDR, putAddress, addressed, 99))).toEqual({
    what: 'address',
    gone: true,
    index: 7,
    port: 99,
  });
  const route = { ...ROUTE, outIndex: 7 };
  expect(noticeOf(message(RTM.NEWROUTE, putRoute, route))).toMatchObject({ what: 'route', gone: false, index: 7 });
  expect(noticeOf(message(RTM.DELROUTE, putRoute, ROUTE))).toMatchObject({ what: 'route', gone: true, index: 0 });
  const rule = { family: 2, length: 0, sourceLength: 0, tos: 0, table: 5, action: 1, flags: 0 };
  expect(noticeOf(message(RTM.DELRULE, putRule, rule))).toMatchObject({ what: 'rule', gone: true });
  const netconf = { family: 2, index: 7, forwarding: 1 };
  expect(noticeOf(message(RTM.NEWNETCONF, putNetconf, netconf))).toMatchObject({ what: 'netconf', index: 7 });
});

test('what the kernel does by itself is left out: local and cached routes, fe80, neighbours that come and go', () => {
  const linkLocal = { family: 10, length: 64, flags: 0, scope: 253, index: 7, address: address('fe80::7') };
  expect(noticeOf(message(RTM.NEWADDR, putAddress, linkLocal))).toBeUndefined();
  expect(noticeOf(message(RTM.DELADDR, putAddress, linkLocal))).toMatchObject({ what: 'address', gone: true });
  const refused = { ...linkLocal, flags: 0x08 }; // somebody else has it
  expect(noticeOf(message(RTM.NEWADDR, putAddress, refused))).toMatchObject({ what: 'address', gone: false });
  const wider = { ...linkLocal, scope: 0, address: address('fd00::7') };
  expect(noticeOf(message(RTM.NEWADDR, putAddress, wider))).toMatchObject({ what: 'address', gone: false });
  expect(noticeOf(message(RTM.NEWROUTE, putRoute, { ...ROUTE, table: 255 }))).toBeUndefined();
  expect(noticeOf(message(RTM.NEWROUTE, putRoute, { ...ROUTE, flags: 0x200 }))).toBeUndefined();
  const neighbour = (type: number, state: number) => noticeOf(message(type, putNeighbour, { ...NEIGHBOUR, state }));
  expect(neighbour(RTM.NEWNEIGH, 0x02)).toBeUndefined();
  expect(neighbour(RTM.NEWNEIGH, 0x04)).toBeUndefined();
  expect(neighbour(RTM.NEWNEIGH, NEIGHBOUR_STATE.PERMANENT)).toMatchObject({
    what: 'neighbour',
    gone: false,
    index: 7,
  });
  expect(neighbour(RTM.NEWNEIGH, NEIGHBOUR_STATE.FAILED)).toMatchObject({ what: 'neighbour', gone: false });
  expect(neighbour(RTM.DELNEIGH, 0x04)).toMatchObject({ what: 'neighbour', gone: true });
  expect(noticeOf({ type: 36, flags: 0, sequence: 0, port: 0, body: new Uint8Array() })).toBeUndefined();
});

test('any body is a notice, none, or refused with DecodeError', () => {
  const types = fc.constantFrom(...Object.values(RTM));
  fc.assert(
    fc.property(types, fc.uint8Array({ maxLength: 120 }), (type, body) => {
      try {
        noticeOf({ type, flags: 0, sequence: 0, port: 0, body });
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 2000 },
  );
});

test('looking for one attribute finds what reading them all finds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(8), (bytes, type) => {
      let all: readonly { type: number; value: Uint8Array }[];
      try {
        all = readAttributes(bytes);
      } catch {
        return; // it stops where the bytes are broken, and may have found one before
      }
      expect(findAttribute(bytes, 0, type)).toEqual(all.find((one) => one.type === type)?.value);
    }),
    { numRuns: 2000 },
  );
});
