import { type Address, type Family, familyOf, hostPrefix } from '../../base/ip.ts';
import type { Mac } from '../../base/mac.ts';
import { BRANCH_LINKS } from './node-ruleset.ts';
import {
  BRANCH_PRIORITY,
  BRANCH_TABLE_BASE,
  DEFAULT_V4,
  DEFAULT_V6,
  LOCAL_PRIORITY,
  NIC_PRIORITY,
  VLAN_LINK_PREFIX,
} from './numbers.ts';
import type { Item, LinkRef } from './plan.ts';
import { looseFilter } from './settings.ts';

/**
 * Whose security groups count. `strict`: the branch NIC's alone, for all that the pod sends and gets, from its own node
 * too. `standard`: between the node and its pods none, in the VPC the branch NIC's, towards the world the node's.
 */
export type Enforcing = 'strict' | 'standard';

/** A NIC of one pod's own, carried by the node's trunk. At most one gateway of each family. */
export interface BranchDatapath {
  readonly enforcing: Enforcing;
  readonly vlan: number; //                  on the trunk, 1 to 4094
  /** `link`: the kernel shows a link with the NIC's MAC. `trunk`: it shows none; one is made on the trunk's link. */
  readonly on: { readonly link: string } | { readonly trunk: string; readonly mac: Mac };
  readonly gateways: readonly Address[]; //  of the branch NIC's subnet
  readonly mtuBytes: number;
}

/** The route table of a branch NIC. */
export function branchTable({ vlan }: Pick<BranchDatapath, 'vlan'>): number {
  return BRANCH_TABLE_BASE + vlan;
}

/**
 * What a pod's own NIC needs in the host: its link, a table with the way out, and the rules that lead there. Strict:
 * whatever comes in by either link goes by that table, before the node's own addresses are looked for. Standard: what
 * the pod's address sends, after what was marked for the node's own NIC.
 */
export function branchPlan(want: BranchDatapath, host: LinkRef, addresses: readonly Address[]): readonly Item[] {
  const on: LinkRef = { netns: 'host', name: linkOf(want) };
  const table = branchTable(want);
  const { mtuBytes: mtu } = want;
  const families = [...new Set(addresses.map(familyOf))];
  const made: Item[] =
    'link' in want.on
      ? []
      : [
          {
            kind: 'vlan',
            link: on,
            under: { netns: 'host', name: want.on.trunk },
            id: want.vlan,
            mtu,
            mac: want.on.mac,
          },
        ];
  return [
    ...made,
    { kind: 'sysctl', on, key: 'v6.accept_ra', value: 0 },
    looseFilter(on),
    { kind: 'sysctl', on, key: 'v4.forwarding', value: 1 },
    { kind: 'up', on, mtu },
    ...want.gateways.filter((via) => families.includes(familyOf(via))).flatMap((via) => wayOut(on, via, table)),
    ...(want.enforcing === 'strict'
      ? families.flatMap((family) => [on, host].map((link) => cameInBy(link, family, table)))
      : addresses.map((from) => sentFrom(from, table))),
    { kind: 'element', set: BRANCH_LINKS, key: [on.name] },
  ];
}

/**
 * What the node needs once for strict pods: its own addresses are looked for after their rules, and no packet is given
 * to a socket of the node before it was routed: an answer to the node is to go through the VPC, and the kernel drops
 * what it forwards when a socket has it already (ip_forward).
 */
export function strictPlan(families: readonly Family[]): readonly Item[] {
  return [
    ...families.map((family): Item => ({ kind: 'local-rule', family, priority: LOCAL_PRIORITY })),
    { kind: 'host-sysctl', key: 'net.ipv4.tcp_early_demux', value: 0 }, // of both families
    { kind: 'host-sysctl', key: 'net.ipv4.udp_early_demux', value: 0 },
  ];
}

function linkOf({ on, vlan }: BranchDatapath): string {
  return 'link' in on ? on.link : `${VLAN_LINK_PREFIX}${vlan}`;
}

/** fe80:: is on every link; an IPv4 router must be said to be on this one. */
function wayOut(on: LinkRef, via: Address, table: number): Item[] {
  if (familyOf(via) === 'v6') return [{ kind: 'route', on, to: DEFAULT_V6, via, table }];
  return [
    { kind: 'route', on, to: hostPrefix(via), table },
    { kind: 'route', on, to: DEFAULT_V4, via, onlink: true, table },
  ];
}

function cameInBy({ name: iif }: LinkRef, family: Family, table: number): Item {
  return { kind: 'rule', family, priority: BRANCH_PRIORITY, iif, table };
}

function sentFrom(from: Address, table: number): Item {
  return { kind: 'rule', family: familyOf(from), priority: NIC_PRIORITY, from: hostPrefix(from), table };
}
