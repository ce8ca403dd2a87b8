import {
  bitsOf,
  type Address,
  type Family,
  familyOf,
  hostPrefix,
  interfaceAddress,
  type Prefix,
} from '../../base/ip.ts';
import { NIC_LINKS, NIC_OF } from './node-ruleset.ts';
import {
  DEFAULT_V4,
  DEFAULT_V6,
  EXTERNAL_PRIORITY,
  MAIN_TABLE,
  NIC_MARK_MASK,
  NIC_OWN_PRIORITY,
  NIC_PRIORITY,
  NIC_TABLE_BASE,
  PRIMARY_MARK,
  PRIMARY_PRIORITY,
  PRIMARY_TABLE,
  TO_PODS_PRIORITY,
} from './numbers.ts';
import type { Item, LinkRef, Plan } from './plan.ts';
import { looseFilter } from './settings.ts';

/** Where a NIC sits in its instance: device 0 of card 0 is the primary, whose link is the system's own. */
export interface NicPlace {
  readonly card: number;
  readonly device: number;
}

/** What a NIC shall be. At most one own address and one gateway of each family. */
export interface NicDatapath extends NicPlace {
  readonly link: string; //                         the kernel's name, found by the MAC
  readonly own: readonly Address[]; //              the NIC's primary addresses: the node's, never a pod's
  readonly gateways: readonly Address[]; //         the subnet's router
  readonly units: readonly (Address | Prefix)[]; // what pods are given from
  readonly mtuBytes?: number; //                    the primary NIC's; for the others, which nobody asks DHCP for
}

/** Cards of so many devices have each a number of its own; no instance type has more. */
const DEVICES = 32;

/** The mark of what leaves by a NIC: the same for the same place, in 12 bits. Throws RangeError beyond them. */
export function nicMark({ card, device }: NicPlace): number {
  if (card === 0 && device === 0) return PRIMARY_MARK;
  const mark = card * DEVICES + device;
  if (device >= DEVICES || mark === 0 || mark >= PRIMARY_MARK)
    throw new RangeError(`no NIC stands at ${card}/${device}`);
  return mark;
}

/** The route table of a NIC. */
export function nicTable(place: NicPlace): number {
  const mark = nicMark(place);
  return mark === PRIMARY_MARK ? MAIN_TABLE : NIC_TABLE_BASE + mark;
}

/**
 * Everything one NIC needs in the kernel: applied when it appears and when its addresses change. A packet finds its NIC
 * by its mark (`by_nic` of the ruleset), so that a pod needs no rule of its own: however many pods, the rules are as
 * many as NICs.
 */
export function nicPlan(want: NicDatapath): Plan {
  const on: LinkRef = { netns: 'host', name: want.link };
  const mark = nicMark(want);
  return [
    ...settings(on),
    ...(mark === PRIMARY_MARK ? primary(want, on) : secondary(want, on)),
    { kind: 'element', set: NIC_LINKS, key: [want.link], data: [`${mark}`] },
    ...want.units.map(
      (unit): Item => ({ kind: 'element', set: NIC_OF[familyOf(unit)], key: [ranged(unit)], data: [`${mark}`] }),
    ),
  ];
}

/**
 * The rules that all NICs share. A pod of this node is reached through its own route, whatever NIC its address is of:
 * only routes to single hosts count there, or the primary NIC's subnet would draw in what another NIC must send.
 */
export function nicRules(families: readonly Family[], external: readonly Prefix[]): Plan {
  return [
    ...families.map(
      (family): Item => ({
        kind: 'rule',
        family,
        priority: TO_PODS_PRIORITY,
        suppress: bitsOf(family) - 1,
        table: MAIN_TABLE,
      }),
    ),
    ...families.map((family) => byMark(family, PRIMARY_PRIORITY, PRIMARY_MARK, MAIN_TABLE)),
    ...external.map(
      (to): Item => ({
        kind: 'rule',
        family: familyOf(to),
        priority: EXTERNAL_PRIORITY,
        to,
        table: MAIN_TABLE,
      }),
    ),
  ];
}

/** Replies may come in by another NIC than the one that the route back names. */
function settings(on: LinkRef): Item[] {
  return [looseFilter(on), { kind: 'sysctl', on, key: 'v4.forwarding', value: 1 }];
}

/**
 * The system's own link: of IPv6 it may have no address, and then often no way out for its pods' either. Ours counts
 * where the main table has none, since a packet whose rule finds no route goes on to the next.
 */
function primary({ gateways, units }: NicDatapath, on: LinkRef): Item[] {
  const via = gateways.find((it) => familyOf(it) === 'v6');
  if (via === undefined || !units.some((unit) => familyOf(unit) === 'v6')) return [];
  return [
    { kind: 'route', on, to: DEFAULT_V6, via, table: PRIMARY_TABLE },
    byMark('v6', NIC_PRIORITY, PRIMARY_MARK, PRIMARY_TABLE),
  ];
}

/** The system knows nothing of the others: they get addresses, routes and rules from us, and listen to no router. */
function secondary(want: NicDatapath, on: LinkRef): Item[] {
  const table = nicTable(want);
  const families = (['v4', 'v6'] as const).filter((family) => want.gateways.some((it) => familyOf(it) === family));
  return [
    { kind: 'sysctl', on, key: 'v6.accept_ra', value: 0 },
    { kind: 'up', on, ...(want.mtuBytes === undefined ? {} : { mtu: want.mtuBytes }) },
    // as a single host: the subnet's route would draw in what other NICs must send
    ...want.own.map((own): Item => ({ kind: 'address', on, address: interfaceAddress(hostPrefix(own)) })),
    ...want.gateways.flatMap((via) => wayOut(on, via, table)),
    ...families.map((family) => byMark(family, NIC_PRIORITY, nicMark(want), table)),
    ...want.own.map((own): Item => {
      const family = familyOf(own);
      return { kind: 'rule', family, priority: NIC_OWN_PRIORITY, from: hostPrefix(own), table };
    }),
  ];
}

/** fe80:: is on every link; an IPv4 router must be said to be on this one. */
function wayOut(on: LinkRef, via: Address, table: number): Item[] {
  if (familyOf(via) === 'v6') return [{ kind: 'route', on, to: DEFAULT_V6, via, table }];
  return [
    { kind: 'route', on, to: hostPrefix(via), table },
    { kind: 'route', on, to: DEFAULT_V4, via, onlink: true, table },
  ];
}

function byMark(family: Family, priority: number, value: number, table: number): Item {
  return { kind: 'rule', family, priority, mark: { value, mask: NIC_MARK_MASK }, table };
}

/** As the kernel tells it again: a single address is a range of one. */
function ranged(unit: Address | Prefix): Prefix {
  return unit.includes('/') ? (unit as Prefix) : hostPrefix(unit as Address);
}
