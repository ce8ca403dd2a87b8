import {
  addressIn,
  familyOf,
  hostPrefix,
  interfaceAddress,
  lengthOf,
  nth,
  type Address,
  type Prefix,
} from '../../src/base/ip.ts';
import type { Id, Nic, Subnet } from '../cloud/nouns.ts';
import { memberSet, receiveChain, sendChain } from './group-pieces.ts';
import { farLink, MAIN_TABLE, markOf, nicLink } from './numbers.ts';
import type { Piece, PieceOf } from './piece.ts';
import { dropChain } from './reason.ts';
import { rule, chain } from './skeleton.ts';
import * as steps from './rule-steps.ts';
import { type CloudView, isAlive, isPrimary, plugOf, tableOfSubnet } from './view.ts';

/** The sets of zones, by which they are cut. */
export function zoneSet(zone: string): string {
  return `zone-${zone}`;
}

/** Everything in the kernel that is about one NIC; nothing while no link of it stands. */
export function nicPieces(view: CloudView, nic: Nic): readonly Piece[] {
  const subnet = view.subnets.get(nic.subnet);
  const plug = plugOf(view, nic);
  if (subnet === undefined || plug === undefined) return [];
  const instance = view.instances.get(plug.instance);
  if (instance === undefined || !isAlive(instance)) return [];
  const link = nicLink(nic.mac);
  const { name } = plug;
  const groups = nic.groups.filter((group) => view.groups.has(group));
  return [
    { kind: 'nic', link, instance: instance.id, name, mac: nic.mac },
    ...(isPrimary(nic) ? bootPieces(nic, subnet, { link, instance: instance.id, name }) : []),
    { kind: 'neighbour', at: 'fabric', link, family: 'v4', mac: nic.mac },
    { kind: 'neighbour', at: 'fabric', link, family: 'v6', mac: nic.mac },
    ...held(nic).map((to): Piece => ({ kind: 'route', at: 'fabric', to, link, table: MAIN_TABLE, far: true })),
    ...publicPieces(nic),
    ...ruling(view, nic, subnet, link),
    ...groups.flatMap((group) => memberPieces(nic, group)),
    ...gatePieces(nic.id, link, groups),
  ];
}

function held({ addresses, prefixes, addresses6, prefixes6 }: Nic): readonly Prefix[] {
  return [...addresses.map(hostPrefix), ...prefixes, ...addresses6.map(hostPrefix), ...prefixes6];
}

function bootPieces(
  nic: Nic,
  subnet: Subnet,
  at: Pick<PieceOf<'boot'>, 'link' | 'instance' | 'name'>,
): readonly Piece[] {
  const [address] = nic.addresses;
  if (address === undefined) return [];
  const [address6] = nic.addresses6;
  const own = interfaceAddress(`${address}/${lengthOf(subnet.v4)}`);
  const router = nth(subnet.v4, 1n);
  return [{ kind: 'boot', ...at, address: own, router, ...(address6 === undefined ? {} : { address6 }) }];
}

function publicPieces({ vpc, addresses: [own], publicAddress }: Nic): readonly Piece[] {
  if (own === undefined || publicAddress === undefined) return [];
  const there = { kind: 'route', at: 'internet', link: farLink(vpc), table: MAIN_TABLE } as const;
  return [
    { kind: 'element', set: 'public', key: [own], data: [publicAddress] },
    { kind: 'element', set: 'private', key: [publicAddress], data: [own] },
    { ...there, to: hostPrefix(publicAddress), far: true },
  ];
}

/** What the link is under: its route table, its zone, the checks. */
function ruling(view: CloudView, nic: Nic, subnet: Subnet, link: string): readonly Piece[] {
  const table = tableOfSubnet(view, subnet);
  const member = (set: string): Piece => ({ kind: 'element', set, key: [link] });
  return [
    ...(table === undefined ? [] : [{ ...element('marks', link), data: [`${markOf(table).mark}`] }]),
    member(zoneSet(subnet.zone)),
    ...(nic.sourceCheck ? [member('checked')] : []),
    ...(isPrimary(nic) ? [member('primaries')] : []),
  ];
}

function element(set: string, key: string) {
  return { kind: 'element', set, key: [key] } as const;
}

function memberPieces(nic: Nic, group: Id): readonly Piece[] {
  return held(nic).map((range) => element(memberSet(group, familyOf(range)), rangeText(range)));
}

/** A range of one is the address alone. */
function rangeText(range: Prefix): Prefix | Address {
  const single = range === hostPrefix(addressIn(range));
  return single ? addressIn(range) : range;
}

/** The NIC's own chains: one group after the other, and what none of them allows. */
function gatePieces(nic: Id, link: string, groups: readonly Id[]): readonly Piece[] {
  const jumps = (of: (group: Id) => string) => groups.map((g) => rule(g, steps.say({ is: 'jump', chain: of(g) })));
  const end = (reason: 'egress' | 'ingress') => rule('none of them', steps.goTo(dropChain(reason)));
  return [
    chain(`out-${nic}`, [...jumps(sendChain), end('egress')]),
    chain(`in-${nic}`, [...jumps(receiveChain), end('ingress')]),
    { ...element('sends', link), data: [`out-${nic}`] },
    { ...element('receives', link), data: [`in-${nic}`] },
  ];
}
