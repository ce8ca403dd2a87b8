import { familyOf, type Family } from '../../src/base/ip.ts';
import type { GroupRule, Id, SecurityGroup } from '../cloud/nouns.ts';
import type { FabricRule, Piece } from './piece.ts';
import * as steps from './rule-steps.ts';
import { chain, rule } from './skeleton.ts';

/** The chain of a group's rules for one direction, and the sets of its members' addresses. */
export function sendChain(group: Id): string {
  return `send-${group}`;
}

export function receiveChain(group: Id): string {
  return `receive-${group}`;
}

export function memberSet(group: Id, family: Family): string {
  return `members-${group}-${family}`;
}

/**
 * A security group: what its rules let out goes on to be received, what they let in is accepted. `known` are the
 * groups there are in the VPC: a rule about another allows nothing.
 */
export function groupPieces(group: SecurityGroup, known: ReadonlySet<Id>): readonly Piece[] {
  const of = (rules: readonly GroupRule[], side: 'saddr' | 'daddr', then: FabricRule['steps']) =>
    rules.flatMap((one) => spell(one, side, known).map((phrase) => rule(one.id, phrase, then)));
  return [
    { kind: 'set', name: memberSet(group.id, 'v4'), key: ['ipv4_addr'], filled: 'by-ranges' },
    { kind: 'set', name: memberSet(group.id, 'v6'), key: ['ipv6_addr'], filled: 'by-ranges' },
    chain(sendChain(group.id), of(group.egress, 'daddr', steps.goTo('receive'))),
    chain(receiveChain(group.id), of(group.ingress, 'saddr', steps.say({ is: 'accept' }))),
  ];
}

/** What packets a rule is about: one phrase a family. */
function spell({ protocol, ports, peer }: GroupRule, side: 'saddr' | 'daddr', known: ReadonlySet<Id>) {
  if ('group' in peer && !known.has(peer.group)) return [];
  const families = 'range' in peer ? [familyOf(peer.range)] : (['v4', 'v6'] as const);
  return families.map((family) => [
    ...('range' in peer ? steps.inRange(side, peer.range) : steps.inSet(side, family, memberSet(peer.group, family))),
    ...(protocol === 'all' ? [] : steps.isProtocol(protocol)),
    ...(ports === undefined ? [] : portSteps(protocol, ports)),
  ]);
}

/** Ports of TCP and UDP; type and code of ICMP, -1 for any. Other protocols have neither. */
function portSteps(protocol: GroupRule['protocol'], { from, to }: NonNullable<GroupRule['ports']>) {
  if (protocol === 'tcp' || protocol === 'udp' || protocol === 6 || protocol === 17)
    return steps.portsBetween(from, to);
  if (protocol !== 'icmp' && protocol !== 'icmpv6' && protocol !== 1 && protocol !== 58) return [];
  return [...(from < 0 ? [] : steps.icmpByte(0, from)), ...(from < 0 || to < 0 ? [] : steps.icmpByte(1, to))];
}
