import { type Address, type InterfaceAddress, interfaceAddress, type Prefix, rangeAround } from '../../base/ip.ts';
import { DEFAULT_V4, DEFAULT_V6, LAST_METRIC, ROUTE_PROTOCOL } from '../../core/datapath/numbers.ts';
import type { Item, LinkRef } from '../../core/datapath/plan.ts';
import { ADDRESS_FLAG, type AddressMessage } from '../../wire/rtnetlink/address.ts';
import { NEIGHBOUR_STATE, type NeighbourMessage } from '../../wire/rtnetlink/neighbour.ts';
import { NEXT_HOP_FLAG, ROUTE_ORIGIN, ROUTE_TYPE, type RouteMessage, tableOf } from '../../wire/rtnetlink/route.ts';
import { type RuleMessage, TO_TABLE } from '../../wire/rtnetlink/rule.ts';
import { AF } from '../../wire/rtnetlink/type.ts';

// What the kernel shows, as items in the form of plans: equal things give equal lines. What no item can say is
// undefined.

const LOCAL_TABLE = 255; // RT_TABLE_LOCAL: the kernel's own
const V6_METRIC = 1024; // IP6_RT_PRIO_USER: of IPv6 routes made without one
const RTA_VIA = 18; // a next hop of the other family

export function addressItem(on: LinkRef, message: AddressMessage): (Item & { kind: 'address' }) | undefined {
  const local = message.local ?? message.address;
  // an address that somebody else was found to have does not work, and so is not there
  if (local === undefined || ((message.flags32 ?? message.flags) & ADDRESS_FLAG.DADFAILED) !== 0) return undefined;
  const text = fitting<InterfaceAddress>(() => interfaceAddress(`${local}/${message.length}`));
  return text === undefined ? undefined : { kind: 'address', on, address: text };
}

/** Only permanent ones: the others come and go by themselves. */
export function neighbourItem(on: LinkRef, message: NeighbourMessage): (Item & { kind: 'neighbour' }) | undefined {
  const { destination, mac, state } = message;
  if (destination === undefined || mac === undefined || (state & NEIGHBOUR_STATE.PERMANENT) === 0) return undefined;
  return { kind: 'neighbour', on, address: destination, at: mac };
}

export function forwardingItem(
  on: LinkRef,
  { mac, destination }: NeighbourMessage,
): (Item & { kind: 'fdb' }) | undefined {
  return mac === undefined || destination === undefined ? undefined : { kind: 'fdb', on, mac, to: destination };
}

/** A route with one next hop and the metric of routes made without one. `on` is the link it leaves through. */
export function routeItem(on: LinkRef, message: RouteMessage): (Item & { kind: 'route' }) | undefined {
  const { protocol, priority = 0, gateway, preferredSource, metrics, multipath, other } = message;
  const usual = priority === 0 || (message.family === AF.INET6 && priority === V6_METRIC);
  const byKernel = protocol === ROUTE_ORIGIN.KERNEL || protocol === ROUTE_ORIGIN.RA || tableOf(message) === LOCAL_TABLE;
  const strange = multipath !== undefined || other?.some(({ type }) => type === RTA_VIA) === true || message.tos !== 0;
  const to = rangeOf(message);
  if (message.type !== ROUTE_TYPE.UNICAST || !usual || byKernel || strange || to === undefined) return undefined;
  return {
    kind: 'route',
    on,
    to,
    ...(gateway === undefined ? {} : { via: gateway }),
    ...((message.flags & NEXT_HOP_FLAG.ONLINK) === 0 ? {} : { onlink: true }),
    ...(preferredSource === undefined ? {} : { source: preferredSource }),
    ...(metrics?.mtu === undefined ? {} : { mtu: metrics.mtu }),
    table: tableOf(message),
  };
}

/** Only ours: others may have theirs at other metrics. */
export function unreachableItem(message: RouteMessage): (Item & { kind: 'unreachable' }) | undefined {
  const ours = message.protocol === ROUTE_PROTOCOL && message.priority === LAST_METRIC;
  const to = rangeOf(message);
  if (message.type !== ROUTE_TYPE.UNREACHABLE || !ours || to === undefined) return undefined;
  return { kind: 'unreachable', to, table: tableOf(message) };
}

/** A rule that sends to a table, by nothing else than what items can say. */
export function ruleItem(netns: LinkRef['netns'], message: RuleMessage): (Item & { kind: 'rule' }) | undefined {
  const { priority = 0, source, destination, inName, mark, markMask } = message;
  const [from, to] = [rangeWith(source, message.sourceLength), rangeWith(destination, message.length)];
  const { suppressPrefixLength: suppress = NO_SUPPRESSION } = message;
  const strange = message.outName !== undefined || message.tos !== 0 || (message.flags & INVERT) !== 0;
  if (message.action !== TO_TABLE || strange || message.other?.some(({ type }) => MATCHES.has(type))) return undefined;
  return {
    kind: 'rule',
    ...(netns === 'pod' ? { netns } : {}),
    family: message.family === AF.INET ? 'v4' : 'v6',
    priority,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(inName === undefined ? {} : { iif: inName }),
    ...(mark === undefined ? {} : { mark: { value: mark, mask: markMask ?? 0xffffffff } }),
    ...(suppress === NO_SUPPRESSION ? {} : { suppress }),
    table: tableOf(message),
  };
}

/** FIB_RULE_INVERT. */
const INVERT = 2;
/** The kernel tells it of every rule: -1 is none. */
const NO_SUPPRESSION = 0xffffffff;
/** FRA_*: tun_id, l3mdev, uid range, IP protocol, ports. */
const MATCHES = new Set([12, 19, 20, 22, 23, 24]);

function rangeOf({ destination, length, family }: RouteMessage): Prefix | undefined {
  if (length === 0) return family === AF.INET ? DEFAULT_V4 : DEFAULT_V6;
  return rangeWith(destination, length);
}

function rangeWith(base: Address | undefined, length: number): Prefix | undefined {
  return base === undefined ? undefined : fitting(() => rangeAround(base, length));
}

/** A length that its family does not have comes from no kernel that we know. */
function fitting<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
