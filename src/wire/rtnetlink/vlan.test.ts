import { expect, test } from 'vitest';
import { Writer } from '../../base/bytes.ts';
import { mac } from '../../base/mac.ts';
import { type LinkMessage, putLink, takeLink } from './link.ts';
import { takeVlan, vlanBytes } from './link-kind.ts';

// The kernel that this was written on has no 8021q. So its messages are held against what iproute2 sends, and against
// the layout of the kernel's headers, byte for byte.

/** What iproute2 6.1 sends for the VLAN of captured.json, behind the header of netlink. */
const SENT = [
  '00 00 0000 00000000 01000000 01000000', // struct ifinfomsg, linux/rtnetlink.h: IFF_UP, of which IFF_UP changes
  '0a00 0100 020000000007 0000', //           IFLA_ADDRESS
  '0800 0400 29230000', //                    IFLA_MTU 9001
  '0800 0500 03000000', //                    IFLA_LINK: the trunk's index
  '0f00 0300 766c616e2e6574682e3700 00', //   IFLA_IFNAME
  '1800 1200', //                             IFLA_LINKINFO
  '0800 0100 766c616e', //                    IFLA_INFO_KIND "vlan"
  '0c00 0200 0600 0100 0700 0000', //         IFLA_INFO_DATA: IFLA_VLAN_ID, 16 bits, and two bytes that fill up
];
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const VLAN: LinkMessage = {
  ...{ family: 0, type: 0, index: 0, flags: 1, change: 1 },
  ...{ name: 'vlan.eth.7', below: 3, mtu: 9001, mac: mac('02:00:00:00:00:07') },
  kind: { kind: 'vlan', data: vlanBytes({ id: 7 }) },
};

test('A49: a VLAN’s number is written in the bytes that iproute2 sends', () => {
  expect(Buffer.from(vlanBytes({ id: 7 })).toString('hex')).toBe('0600010007000000');
  expect(Buffer.from(vlanBytes({ id: 4094 })).toString('hex')).toBe('06000100fe0f0000');
});

test('A49: a VLAN’s link is asked for with each attribute that iproute2 sends, and no other', () => {
  expect(takeLink(bytesOf(SENT.join('')))).toEqual(VLAN);
  const writer = new Writer(256);
  putLink(writer, VLAN);
  expect(takeLink(writer.written)).toEqual(VLAN);
});

test('the number of a VLAN comes back of whatever the kernel tells with it', () => {
  const told = bytesOf('0600 0100 0c00 0000 0600 0500 8100 0000 0c00 0200 01000000 01000000');
  expect(takeVlan(told)).toMatchObject({ id: 12 });
  expect(takeVlan(new Uint8Array())).toEqual({});
});
