import { contains, familyOf, hostPrefix, nth, type Family, type Prefix } from '../../src/base/ip.ts';
import type { Id, Route, RouteTable, Vpc } from '../cloud/nouns.ts';
import { groupPieces } from './group-pieces.ts';
import { zoneSet } from './nic-pieces.ts';
import * as number from './numbers.ts';
import type { Piece } from './piece.ts';
import { dropChain } from './reason.ts';
import * as steps from './rule-steps.ts';
import { chain, rule, skeleton } from './skeleton.ts';
import { type CloudView, isPlugged } from './view.ts';

const FAMILIES = ['v4', 'v6'] as const;

/** Everything in the kernel that is a VPC's own and not one NIC's. */
export function vpcPieces(view: CloudView, vpc: Vpc): readonly Piece[] {
  const mine = <T extends { readonly vpc: Id }>(all: ReadonlyMap<Id, T>) =>
    [...all.values()].filter((one) => one.vpc === vpc.id);
  const groups = mine(view.groups);
  const known = new Set(groups.map(({ id }) => id));
  const subnets = mine(view.subnets);
  return [
    ...skeleton(),
    ...zonePieces([...new Set(subnets.map(({ zone }) => zone))], zonesCut(view)),
    ...uplink(vpc.id, number.GATEWAY_LINK),
    ...subnets.map(({ v4 }): Piece => ({ kind: 'address', address: nth(v4, 1n) })),
    ...answered(subnets.map(({ v4 }) => v4)),
    ...vpc.ranges.flatMap((range) => rangePieces(vpc.id, range)),
    ...FAMILIES.flatMap(nowhere),
    ...groups.flatMap((group) => groupPieces(group, known)),
    ...mine(view.nats).flatMap((nat) => natPieces(nat.id, hostPrefix(nat.publicAddress), nat.publicAddress)),
    ...mine(view.tables).flatMap((table) => tablePieces(view, vpc, table)),
  ];
}

function zonePieces(zones: readonly string[], cut: ReadonlySet<string>): readonly Piece[] {
  const between = (from: string, to: string) =>
    rule(
      `no packet from ${from} to ${to}`,
      steps.say(
        { is: 'in', fields: ['iifname'], set: zoneSet(from) },
        { is: 'in', fields: ['oifname'], set: zoneSet(to) },
      ),
      steps.goTo(dropChain('cut')),
    );
  const pairs = zones.flatMap((from) => zones.map((to) => [from, to] as const));
  const apart = pairs.filter(([from, to]) => from !== to && (cut.has(from) || cut.has(to)));
  return [
    ...zones.map((zone): Piece => ({ kind: 'set', name: zoneSet(zone), key: ['ifname'], filled: 'by-us' })),
    chain(
      'cuts',
      apart.map(([from, to]) => between(from, to)),
    ),
  ];
}

function zonesCut({ troubles }: CloudView): ReadonlySet<string> {
  return new Set(troubles.flatMap(({ what }) => (what.kind === 'cut' ? [what.zone] : [])));
}

/** A link to the internet, with the far end's MAC known on both sides. */
function uplink(owner: Id, link: string): readonly Piece[] {
  return [
    { kind: 'uplink', link, far: number.farLink(owner) },
    ...FAMILIES.flatMap((family): readonly Piece[] => [
      { kind: 'neighbour', at: 'fabric', link, family, mac: number.INTERNET_MAC },
      { kind: 'neighbour', at: 'internet', link: number.farLink(owner), family, mac: number.FABRIC_MAC },
    ]),
  ];
}

function natPieces(nat: Id, range: Prefix, address: string): readonly Piece[] {
  const link = number.natLink(nat);
  return [
    ...uplink(nat, link),
    { kind: 'element', set: 'nats', key: [link], data: [address] },
    { kind: 'route', at: 'internet', to: range, link: number.farLink(nat), table: number.MAIN_TABLE, far: true },
  ];
}

/** IPv6 addresses are public as they are. */
function rangePieces(vpc: Id, range: Prefix): readonly Piece[] {
  const family = familyOf(range);
  const told: Piece = { kind: 'element', set: `ranges-${family}`, key: [range] };
  const there = { kind: 'route', at: 'internet', link: number.farLink(vpc), table: number.MAIN_TABLE } as const;
  return family === 'v4' ? [told] : [told, { ...there, to: range, far: true }];
}

function nowhere(family: Family): readonly Piece[] {
  const { VOID_LINK: link, VOID_TABLE: table } = number;
  return [
    { kind: 'route', at: 'fabric', to: number.DEFAULTS[family], link, table, far: false },
    { kind: 'policy', family, priority: number.PRIORITY.nowhere, mark: number.ANY_MARK, mask: number.ANY_MARK, table },
  ];
}

/** ARP is answered for all of a subnet's addresses, also those that nobody holds; for others nobody answers. */
function answered(ranges: readonly Prefix[]): readonly Piece[] {
  const { VOID_LINK: link, SUBNETS_TABLE: table } = number;
  return [
    { kind: 'policy', family: 'v4', priority: number.PRIORITY.subnets, mark: 0, mask: 0, table },
    ...ranges.map((to): Piece => ({ kind: 'route', at: 'fabric', to, link, table, far: false })),
  ];
}

/** The routes of a table but for the local ones, and the rules that lead to them. */
function tablePieces(view: CloudView, vpc: Vpc, { id, routes }: RouteTable): readonly Piece[] {
  const { mark, within, beyond } = number.markOf(id);
  const mask = 0xffff_ffff;
  const isWithin = (to: Prefix) => vpc.ranges.some((range) => contains(range, to));
  return [
    ...FAMILIES.flatMap((family): readonly Piece[] => [
      { kind: 'policy', family, priority: number.PRIORITY.within, mark, mask, table: within },
      { kind: 'policy', family, priority: number.PRIORITY.beyond, mark, mask, table: beyond },
    ]),
    ...routes.flatMap((route): readonly Piece[] => {
      if (route.by.kind === 'local') return [];
      const link = linkOf(view, vpc.id, route);
      const table = isWithin(route.to) ? within : beyond;
      const far = link !== undefined;
      return [{ kind: 'route', at: 'fabric', to: route.to, link: link ?? number.VOID_LINK, table, far }];
    }),
  ];
}

/** Where a route leads; undefined where it is a black hole: what it names is gone, or does not take it. */
export function linkOf(view: CloudView, vpc: Id, { to, by }: Route): string | undefined {
  switch (by.kind) {
    case 'local':
      return undefined;
    case 'internet':
      return view.gateways.get(by.gateway)?.vpc === vpc ? number.GATEWAY_LINK : undefined;
    case 'nat':
      return familyOf(to) === 'v4' && view.nats.get(by.nat)?.vpc === vpc ? number.natLink(by.nat) : undefined;
    case 'nic': {
      const nic = view.nics.get(by.nic);
      return nic !== undefined && isPlugged(nic) && !nic.sourceCheck ? number.nicLink(nic.mac) : undefined;
    }
  }
}
