import { addressIn, bitsOf, type Family, familyOf, lengthOf, type Prefix } from '../../base/ip.ts';
import { LAST_METRIC, ROUTE_PROTOCOL } from '../../core/datapath/numbers.ts';
import type { Item } from '../../core/datapath/plan.ts';
import { FLAG } from '../../wire/netlink/header.ts';
import { ADDRESS_FLAG, type AddressMessage, putAddress } from '../../wire/rtnetlink/address.ts';
import { LINK_FLAG, type LinkMessage, putLink } from '../../wire/rtnetlink/link.ts';
import { bridgePortBytes } from '../../wire/rtnetlink/link-kind.ts';
import {
  NEIGHBOUR_FLAG,
  NEIGHBOUR_STATE,
  type NeighbourMessage,
  putNeighbour,
} from '../../wire/rtnetlink/neighbour.ts';
import { putQdisc, type QdiscMessage, ROOT, tbfBytes } from '../../wire/rtnetlink/qdisc.ts';
import {
  NEXT_HOP_FLAG,
  putRoute,
  ROUTE_TYPE,
  type RouteMessage,
  SCOPE,
  spellTable,
} from '../../wire/rtnetlink/route.ts';
import { putRule, type RuleMessage, TO_TABLE } from '../../wire/rtnetlink/rule.ts';
import { AF, RTM } from '../../wire/rtnetlink/type.ts';
import type { Request } from './batch.ts';
import type { Links } from './links.ts';
import { tbfOptions } from './token-bucket.ts';

/** The items that are one object of the kernel each: made, replaced and removed by messages of their own. */
export type ObjectItem = Extract<
  Item,
  { readonly kind: 'address' | 'neighbour' | 'fdb' | 'route' | 'unreachable' | 'rule' | 'tbf' }
>;

const OBJECTS: ReadonlySet<string> = new Set(['address', 'neighbour', 'fdb', 'route', 'unreachable', 'rule', 'tbf']);

export function isObject(item: Item): item is ObjectItem {
  return OBJECTS.has(item.kind);
}

const CREATE = FLAG.CREATE | FLAG.EXCL;
const REPLACE = FLAG.CREATE | FLAG.REPLACE;

/**
 * Makes the object; the kernel refuses with EEXIST what is there already. Throws KernelError when a link it names is
 * absent.
 */
export function creating(item: ObjectItem, links: Links): Request {
  return requestFor(item, links, 'NEW', CREATE);
}

/**
 * Makes the object whatever was in its place. For rules, which the kernel does not replace, remove the old one first.
 */
export function replacing(item: ObjectItem, links: Links): Request {
  return requestFor(item, links, 'NEW', item.kind === 'rule' ? CREATE : REPLACE);
}

/** Removes the object. */
export function removing(item: ObjectItem, links: Links): Request {
  return requestFor(item, links, 'DEL', 0);
}

function requestFor(item: ObjectItem, links: Links, deed: 'NEW' | 'DEL', flags: number): Request {
  switch (item.kind) {
    case 'address': {
      const message = addressMessage(item, links);
      return { type: RTM[`${deed}ADDR`], flags, body: (writer) => putAddress(writer, message) };
    }
    case 'neighbour':
    case 'fdb': {
      const message = item.kind === 'fdb' ? forwarding(item, links) : neighbour(item, links, deed === 'NEW');
      return { type: RTM[`${deed}NEIGH`], flags, body: (writer) => putNeighbour(writer, message) };
    }
    case 'route':
    case 'unreachable': {
      const message = item.kind === 'route' ? route(item, links) : unreachable(item);
      return { type: RTM[`${deed}ROUTE`], flags, body: (writer) => putRoute(writer, message) };
    }
    case 'rule': {
      const message = rule(item);
      return { type: RTM[`${deed}RULE`], flags, body: (writer) => putRule(writer, message) };
    }
    case 'tbf': {
      const message = tokenBucket(item, links);
      return { type: RTM[`${deed}QDISC`], flags, body: (writer) => putQdisc(writer, message) };
    }
  }
}

function addressMessage(item: ObjectItem & { kind: 'address' }, links: Links): AddressMessage {
  const [address, family] = [addressIn(item.address), familyOf(item.address)];
  // duplicate address detection would hold the address back for a second; nobody else has it, for the pool gave it
  const flags = family === 'v6' ? ADDRESS_FLAG.NODAD : 0;
  const header = { family: familyNumber(family), length: lengthOf(item.address), flags, scope: 0 };
  return { ...header, index: links.index(item.on), local: address, address };
}

function neighbour(item: ObjectItem & { kind: 'neighbour' }, links: Links, withMac: boolean): NeighbourMessage {
  const header = { family: familyNumber(familyOf(item.address)), index: links.index(item.on), flags: 0, type: 0 };
  const message = { ...header, state: NEIGHBOUR_STATE.PERMANENT, destination: item.address };
  if (!withMac) return message; // the kernel removes by address, and the link whose MAC it was may be gone
  return { ...message, mac: typeof item.at === 'string' ? item.at : links.mac(item.at) };
}

function forwarding(item: ObjectItem & { kind: 'fdb' }, links: Links): NeighbourMessage {
  const state = NEIGHBOUR_STATE.PERMANENT | NEIGHBOUR_STATE.NOARP;
  const header = { family: AF.BRIDGE, index: links.index(item.on), state, flags: NEIGHBOUR_FLAG.SELF, type: 0 };
  return { ...header, mac: item.mac, destination: item.to };
}

function route(item: ObjectItem & { kind: 'route' }, links: Links): RouteMessage {
  return {
    ...routeHeader(item.to, item.table),
    scope: item.via === undefined && familyOf(item.to) === 'v4' ? SCOPE.LINK : SCOPE.UNIVERSE,
    type: ROUTE_TYPE.UNICAST,
    flags: item.onlink === true ? NEXT_HOP_FLAG.ONLINK : 0,
    outIndex: links.index(item.on),
    ...(item.via === undefined ? {} : { gateway: item.via }),
    ...(item.source === undefined ? {} : { preferredSource: item.source }),
    ...(item.mtu === undefined ? {} : { metrics: { mtu: item.mtu } }),
  };
}

function unreachable(item: ObjectItem & { kind: 'unreachable' }): RouteMessage {
  const header = { ...routeHeader(item.to, item.table), scope: SCOPE.UNIVERSE, type: ROUTE_TYPE.UNREACHABLE, flags: 0 };
  return { ...header, priority: LAST_METRIC };
}

function routeHeader(to: Prefix, table: number) {
  const header = { family: familyNumber(familyOf(to)), length: lengthOf(to), sourceLength: 0, tos: 0 };
  const destination = lengthOf(to) === 0 ? {} : { destination: addressIn(to) };
  return { ...header, protocol: ROUTE_PROTOCOL, ...spellTable(table), ...destination };
}

function rule(item: ObjectItem & { kind: 'rule' }): RuleMessage {
  const lengthOfMaybe = (range: Prefix | undefined) => (range === undefined ? 0 : lengthOf(range));
  return {
    family: familyNumber(item.family),
    length: lengthOfMaybe(item.to),
    sourceLength: lengthOfMaybe(item.from),
    tos: 0,
    action: TO_TABLE,
    flags: 0,
    ...spellTable(item.table),
    priority: item.priority,
    protocol: ROUTE_PROTOCOL,
    ...(item.from === undefined ? {} : { source: addressIn(item.from) }),
    ...(item.to === undefined ? {} : { destination: addressIn(item.to) }),
    ...(item.iif === undefined ? {} : { inName: item.iif }),
    ...(item.mark === undefined ? {} : { mark: item.mark.value, markMask: item.mark.mask }),
    ...(item.suppress === undefined ? {} : { suppressPrefixLength: item.suppress }),
  };
}

function tokenBucket(item: ObjectItem & { kind: 'tbf' }, links: Links): QdiscMessage {
  const header = { family: AF.UNSPEC, index: links.index(item.on), handle: 0, parent: ROOT, extra: 0 };
  return { ...header, kind: 'tbf', options: tbfBytes(tbfOptions(item)) };
}

/** Brings a link up, or sets what else of it the message has. */
export function settingLink(index: number, change: Partial<LinkMessage>): Request {
  const message = { family: AF.UNSPEC, type: 0, flags: 0, change: 0, ...change, index };
  return { type: RTM.NEWLINK, flags: 0, body: (writer) => putLink(writer, message) };
}

export function bringingUp(index: number, mtu?: number): Request {
  return settingLink(index, { flags: LINK_FLAG.UP, change: LINK_FLAG.UP, ...(mtu === undefined ? {} : { mtu }) });
}

/** Makes a link a port of a bridge, and says whether it may get back what it sent: only a port can be told. */
export function joining(item: Item & { kind: 'port' }, links: Links): readonly Request[] {
  const index = links.index(item.on);
  const portData = bridgePortBytes({ hairpin: item.hairpin ? 1 : 0 });
  return [
    settingLink(index, { master: links.index(item.bridge) }),
    settingLink(index, { kind: { portKind: 'bridge', portData } }),
  ];
}

/** Takes a port out of its bridge. */
export function leaving(item: Item & { kind: 'port' }, links: Links): Request {
  return settingLink(links.index(item.on), { master: 0 });
}

export function removingLink(index: number): Request {
  const message = { family: AF.UNSPEC, type: 0, index, flags: 0, change: 0 };
  return { type: RTM.DELLINK, flags: 0, body: (writer) => putLink(writer, message) };
}

/** Removes all links of a device group at once. */
export function removingGroup(group: number): Request {
  const message = { family: AF.UNSPEC, type: 0, index: 0, flags: 0, change: 0, group };
  return { type: RTM.DELLINK, flags: 0, body: (writer) => putLink(writer, message) };
}

export function familyNumber(family: Family): number {
  return bitsOf(family) === 32 ? AF.INET : AF.INET6;
}
