import {
  addressIn,
  bitsOf,
  familyOf,
  lengthOf,
  type Address,
  type Family,
  type InterfaceAddress,
  type Prefix,
} from '../../src/base/ip.ts';
import type { Mac } from '../../src/base/mac.ts';
import { FLAG } from '../../src/wire/netlink/header.ts';
import { ADDRESS_FLAG, putAddress } from '../../src/wire/rtnetlink/address.ts';
import { LINK_FLAG, type LinkMessage, putLink } from '../../src/wire/rtnetlink/link.ts';
import { vethBytes } from '../../src/wire/rtnetlink/link-kind.ts';
import { NEIGHBOUR_STATE, putNeighbour } from '../../src/wire/rtnetlink/neighbour.ts';
import { putNeighbourTable } from '../../src/wire/rtnetlink/neighbour-table.ts';
import {
  NEXT_HOP_FLAG,
  putRoute,
  ROUTE_ORIGIN,
  ROUTE_TYPE,
  SCOPE,
  spellTable,
} from '../../src/wire/rtnetlink/route.ts';
import { putRule, TO_TABLE } from '../../src/wire/rtnetlink/rule.ts';
import { AF, RTM } from '../../src/wire/rtnetlink/type.ts';
import type { Request } from '../../src/io/kernel/batch.ts';
import { FAR_V4, FAR_V6 } from './numbers.ts';

// Requests of rtnetlink, as the fabric needs them.

/** To make or replace, or to take away. */
export type Deed = 'make' | 'remove';

const REPLACE = FLAG.CREATE | FLAG.REPLACE;

/** One end of a veth pair. An index of 0: the kernel chooses. */
export interface End {
  readonly name: string;
  readonly index: number;
  readonly mac: Mac;
  readonly mtu: number;
}

/** A pair: the first end here and up, the other born in another namespace and down. One queue each: that is faster. */
export function newPair(here: End, there: End & { readonly netnsFd: number }): Request {
  const common = { family: AF.UNSPEC, type: 0, transmitQueues: 1, receiveQueues: 1 };
  const peer: LinkMessage = { ...common, flags: 0, change: 0, ...there };
  const up = { flags: LINK_FLAG.UP, change: LINK_FLAG.UP };
  const message: LinkMessage = { ...common, ...up, ...here, kind: { kind: 'veth', data: vethBytes(peer) } };
  return { type: RTM.NEWLINK, flags: FLAG.CREATE | FLAG.EXCL, body: (writer) => putLink(writer, message) };
}

export function linkUp(index: number): Request {
  const message = { family: AF.UNSPEC, type: 0, index, flags: LINK_FLAG.UP, change: LINK_FLAG.UP };
  return { type: RTM.NEWLINK, flags: 0, body: (writer) => putLink(writer, message) };
}

export function removeLink(index: number): Request {
  const message = { family: AF.UNSPEC, type: 0, index, flags: 0, change: 0 };
  return { type: RTM.DELLINK, flags: 0, body: (writer) => putLink(writer, message) };
}

/** ARP is answered at once, not within the 0.8 s that the kernel else spreads answers in place of others over. */
export function answerAtOnce(index: number): Request {
  const message = { family: AF.INET, name: 'arp_cache', parameters: { index, proxyDelayMs: 0n } };
  return { type: RTM.SETNEIGHTBL, flags: FLAG.REPLACE, body: (writer) => putNeighbourTable(writer, message) };
}

export function addressOn(index: number, address: InterfaceAddress, deed: Deed = 'make'): Request {
  const family = familyOf(address);
  const local = addressIn(address);
  const header = { family: familyNumber(family), length: lengthOf(address), index };
  const scope = local.startsWith('fe80:') ? SCOPE.LINK : SCOPE.UNIVERSE;
  // nobody else can have it: the fabric says who has what
  const message = { ...header, scope, flags: family === 'v6' ? ADDRESS_FLAG.NODAD : 0, local, address: local };
  const [type, flags] = deed === 'make' ? [RTM.NEWADDR, REPLACE] : [RTM.DELADDR, 0];
  return { type, flags, body: (writer) => putAddress(writer, message) };
}

export interface RouteTo {
  readonly to: Prefix;
  readonly index: number;
  readonly table: number;
  readonly via?: Address;
  /** `via` is on the link, whether or not another route says so. */
  readonly onlink?: boolean;
}

export function routeTo({ to, index, table, via, onlink = false }: RouteTo, deed: Deed = 'make'): Request {
  const message = {
    family: familyNumber(familyOf(to)),
    length: lengthOf(to),
    sourceLength: 0,
    tos: 0,
    protocol: deed === 'make' ? ROUTE_ORIGIN.STATIC : ROUTE_ORIGIN.UNSPEC,
    // NOWHERE is any scope for what is to be removed
    scope: deed === 'remove' ? SCOPE.NOWHERE : via === undefined && familyOf(to) === 'v4' ? SCOPE.LINK : SCOPE.UNIVERSE,
    type: ROUTE_TYPE.UNICAST,
    flags: onlink ? NEXT_HOP_FLAG.ONLINK : 0,
    outIndex: index,
    ...spellTable(table),
    ...(lengthOf(to) === 0 ? {} : { destination: addressIn(to) }),
    ...(via === undefined ? {} : { gateway: via }),
  };
  const [type, flags] = deed === 'make' ? [RTM.NEWROUTE, REPLACE] : [RTM.DELROUTE, 0];
  return { type, flags, body: (writer) => putRoute(writer, message) };
}

/** The MAC of the far end of a link. */
export function farEnd(index: number, family: Family, mac: Mac): Request {
  const state = NEIGHBOUR_STATE.PERMANENT;
  const destination = farAddress(family);
  const message = { family: familyNumber(family), index, state, flags: 0, type: 0, destination, mac };
  return { type: RTM.NEWNEIGH, flags: REPLACE, body: (writer) => putNeighbour(writer, message) };
}

export function farAddress(family: Family): Address {
  return family === 'v4' ? FAR_V4 : FAR_V6;
}

export interface PolicyTo {
  readonly family: Family;
  readonly priority: number;
  readonly mark: number;
  readonly mask: number; // 0: any packet
  readonly table: number;
}

export function policyTo({ family, priority, mark, mask, table }: PolicyTo, deed: Deed): Request {
  const message = {
    family: familyNumber(family),
    length: 0,
    sourceLength: 0,
    tos: 0,
    action: TO_TABLE,
    flags: 0,
    ...spellTable(table),
    priority,
    ...(mask === 0 ? {} : { mark, markMask: mask }),
  };
  const [type, flags] = deed === 'make' ? [RTM.NEWRULE, FLAG.CREATE | FLAG.EXCL] : [RTM.DELRULE, 0];
  return { type, flags, body: (writer) => putRule(writer, message) };
}

function familyNumber(family: Family): number {
  return bitsOf(family) === 32 ? AF.INET : AF.INET6;
}
