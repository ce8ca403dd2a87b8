import type { Family, Prefix } from '../../src/base/ip.ts';
import { FAMILY } from '../../src/wire/netlink/netfilter.ts';
import {
  FIB,
  META,
  registerAt,
  VERDICT,
  VERDICT_REGISTER,
  type Expression,
} from '../../src/wire/nftables/expression.ts';
import type { Field, Statement } from '../../src/core/datapath/ruleset.ts';
import { expressionsOf } from '../../src/io/kernel/nft-rules.ts';
import { typeBytes, type FieldType } from '../../src/wire/nftables/field-type.ts';

// Steps of rules by what they mean. Each leaves nothing behind in the registers that another needs.

const FIRST = registerAt(0);
const L4 = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

/** What Berth's own rules can say, said the same way. */
export function say(...statements: readonly Statement[]): readonly Expression[] {
  return expressionsOf(statements, FAMILY.inet);
}

export function goTo(chain: string): readonly Expression[] {
  return [{ is: 'verdict', code: VERDICT.goto, chain }];
}

/** Goes where a map of verdicts says; on to the next rule when it says nothing. */
export function goWhere(field: 'iifname' | 'oifname', map: string): readonly Expression[] {
  return [name(field), { is: 'lookup', set: map, from: FIRST, into: VERDICT_REGISTER }];
}

/** The mark that a map has for the link a packet came by. */
export function markBy(map: string): readonly Expression[] {
  return [
    name('iifname'),
    { is: 'lookup', set: map, from: FIRST, into: FIRST },
    { is: 'set-meta', key: META.mark, from: FIRST },
  ];
}

/** No route back to the source leaves by the link the packet came by: whoever sent it does not hold the address. */
export function sourceIsElsewhere(): readonly Expression[] {
  return [
    { is: 'fib', result: FIB.link, flags: FIB.source | FIB.sameLink, into: FIRST },
    { is: 'compare', register: FIRST, equal: true, value: new Uint8Array(4) },
  ];
}

/** Source or destination NAT of IPv4 to what a map says of a field. */
export function translate(
  which: 'snat' | 'dnat',
  field: 'ip saddr' | 'ip daddr' | 'oifname',
  map: string,
): readonly Expression[] {
  const family = FAMILY.ip;
  const key = field === 'oifname' ? [...isFamily('v4'), name(field)] : say({ is: 'in', fields: [field], set: map });
  const load = field === 'oifname' ? [{ is: 'lookup', set: map, from: FIRST, into: FIRST } as const] : [];
  const mapped = key.map((step) => (step.is === 'lookup' ? { ...step, into: FIRST } : step));
  return [...mapped, ...load, { is: which, family, address: FIRST }];
}

export function isFamily(family: Family): readonly Expression[] {
  return say({ is: 'match', field: 'meta nfproto', op: '==', value: family === 'v4' ? 'ipv4' : 'ipv6' });
}

/** An address of the packet lies in a range. */
export function inRange(side: 'saddr' | 'daddr', range: Prefix): readonly Expression[] {
  const field: Field = range.includes(':') ? `ip6 ${side}` : `ip ${side}`;
  return say({ is: 'match', field, op: '==', value: range });
}

/** An address of the packet is in a set. */
export function inSet(side: 'saddr' | 'daddr', family: Family, set: string): readonly Expression[] {
  return say({ is: 'in', fields: [family === 'v4' ? `ip ${side}` : `ip6 ${side}`], set });
}

export function isProtocol(protocol: keyof typeof L4 | number): readonly Expression[] {
  const number = typeof protocol === 'number' ? protocol : L4[protocol];
  return say({ is: 'match', field: 'meta l4proto', op: '==', value: number });
}

/** Destination ports of TCP and UDP, both ends included. */
export function portsBetween(from: number, to: number): readonly Expression[] {
  const bytes = (port: number) => Uint8Array.of(port >> 8, port);
  const load = { is: 'payload', base: 2, offset: 2, bytes: 2, into: FIRST } as const;
  if (from === to) return [load, { is: 'compare', register: FIRST, equal: true, value: bytes(from) }];
  return [
    load,
    { is: 'bound', register: FIRST, at: 'least', value: bytes(from) },
    { is: 'bound', register: FIRST, at: 'most', value: bytes(to) },
  ];
}

/** A byte of the ICMP header: 0 is the type, 1 the code. */
export function icmpByte(offset: 0 | 1, value: number): readonly Expression[] {
  return [
    { is: 'payload', base: 2, offset, bytes: 1, into: FIRST },
    { is: 'compare', register: FIRST, equal: true, value: Uint8Array.of(value) },
  ];
}

/** What is kept of a dropped packet: whence, from, to, protocol, port. */
export function toldKey(family: Family): readonly FieldType[] {
  const address = family === 'v4' ? 'ipv4_addr' : 'ipv6_addr';
  return ['ifname', address, address, 'inet_proto', 'inet_service'];
}

/** Counts the packet in a set by `toldKey`; the port of what has none is 0. */
export function countIn(set: string, family: Family, ports: boolean): readonly Expression[] {
  const [v4, types] = [family === 'v4', toldKey(family)];
  const [whence, from, to, protocol, port] = types.map((_, i) =>
    registerAt(typeBytes([...types.slice(0, i), 'mark']) - 4),
  );
  const bytes = v4 ? 4 : 16;
  if (whence === undefined || from === undefined || to === undefined || protocol === undefined || port === undefined)
    throw new RangeError('a key of five');
  return [
    { is: 'meta', key: META.iifname, into: whence },
    { is: 'payload', base: 1, offset: v4 ? 12 : 8, bytes, into: from },
    { is: 'payload', base: 1, offset: v4 ? 16 : 24, bytes, into: to },
    { is: 'meta', key: META.l4proto, into: protocol },
    ports
      ? { is: 'payload', base: 2, offset: 2, bytes: 2, into: port }
      : { is: 'load', into: port, value: new Uint8Array(2) },
    { is: 'count-in', set, from: FIRST },
  ];
}

function name(field: 'iifname' | 'oifname'): Expression {
  return { is: 'meta', key: META[field], into: FIRST };
}
