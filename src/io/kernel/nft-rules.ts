import { addressBytes, addressIn, lengthOf, type Address, type Prefix } from '../../base/ip.ts';
import { utf8 } from '../../base/bytes.ts';
import type { Field, Statement } from '../../core/datapath/ruleset.ts';
import { FAMILY } from '../../wire/netlink/netfilter.ts';
import { CT, FIB, META, PORT_FLAGS, registerAt, VERDICT, type Expression } from '../../wire/nftables/expression.ts';
import { fieldBytes } from '../../wire/nftables/field-type.ts';

// From what a rule means to what the kernel runs. The steps are those that the nft program would make of the same
// rule, because it reads rules back by their form: another order or register, and it prints raw bytes.

/** How a field is read into a register. */
interface Source {
  readonly load: (into: number) => Expression;
  readonly bytes: number;
  // in a table of family inet these bytes are meant in packets of this family
  readonly only?: typeof FAMILY.ip | typeof FAMILY.ip6;
}

const IFNAMSIZ = 16; // linux/if.h
const REGISTER = registerAt(0);

const SOURCES: Readonly<Record<Field, Source>> = {
  'ip saddr': network(FAMILY.ip, 12, 4), // RFC 791, section 3.1
  'ip daddr': network(FAMILY.ip, 16, 4),
  'ip6 saddr': network(FAMILY.ip6, 8, 16), // RFC 8200, section 3
  'ip6 daddr': network(FAMILY.ip6, 24, 16),
  // tcp, udp, sctp alike
  'th dport': { bytes: 2, load: (into) => ({ is: 'payload', base: 2, offset: 2, bytes: 2, into }) },
  'meta l4proto': meta(META.l4proto, 1),
  'meta nfproto': meta(META.nfproto, 1),
  'meta mark': meta(META.mark, 4),
  iifname: meta(META.iifname, IFNAMSIZ),
  oifname: meta(META.oifname, IFNAMSIZ),
  'ct mark': connection(CT.mark, 4),
  'ct status': connection(CT.status, 4),
  'ct state': connection(CT.state, 4),
  'ct direction': connection(CT.direction, 1),
  'fib daddr type': {
    bytes: 4,
    load: (into) => ({ is: 'fib', result: FIB.addressType, flags: FIB.destination, into }),
  },
};

function network(only: typeof FAMILY.ip | typeof FAMILY.ip6, offset: number, bytes: number): Source {
  return { only, bytes, load: (into) => ({ is: 'payload', base: 1, offset, bytes, into }) };
}

function meta(key: number, bytes: number): Source {
  return { bytes, load: (into) => ({ is: 'meta', key, into }) };
}

function connection(key: number, bytes: number): Source {
  return { bytes, load: (into) => ({ is: 'ct', key, into }) };
}

/**
 * The steps of a rule in a table of a family (NFPROTO_*). Throws RangeError for a literal that its field cannot have.
 */
export function expressionsOf(statements: readonly Statement[], tableFamily: number): Expression[] {
  const fieldsOf = (it: Statement) => (it.is === 'match' ? [it.field] : 'fields' in it ? it.fields : []);
  const known = new Set<number>();
  return statements.flatMap((statement) => {
    const families = fieldsOf(statement).flatMap((field) => SOURCES[field].only ?? []);
    const asked = families.filter((family) => tableFamily === FAMILY.inet && !known.has(family)).slice(0, 1);
    for (const family of asked) known.add(family);
    return [...asked.flatMap(familyIs), ...steps(statement)];
  });
}

function familyIs(family: number): Expression[] {
  return [SOURCES['meta nfproto'].load(REGISTER), compare(Uint8Array.of(family))];
}

function steps(statement: Statement): readonly Expression[] {
  switch (statement.is) {
    case 'match':
      return match(statement.field, statement.op === '==', statement.value);
    case 'match-bits': {
      const { field, mask, op, value } = statement;
      return [SOURCES[field].load(REGISTER), bits(mask, 0), compare(word(value), op === '==')];
    }
    case 'in':
      return [
        ...loadAll(statement.fields),
        { is: 'lookup', set: statement.set, from: REGISTER, ...(statement.not ? { not: true } : {}) },
      ];
    case 'dnat-map': {
      const v4 = statement.family === 'v4';
      const port = registerAt(v4 ? 4 : 16); // behind the address, as the map's data lies
      return [
        ...loadAll(statement.fields),
        { is: 'lookup', set: statement.map, from: REGISTER, into: REGISTER },
        { is: 'dnat', family: v4 ? FAMILY.ip : FAMILY.ip6, address: REGISTER, port },
      ];
    }
    case 'masquerade':
      return [{ is: 'masquerade', flags: PORT_FLAGS[statement.ports] }];
    case 'set-mark': {
      const { which, mask, value } = statement;
      return [SOURCES[`${which} mark`].load(REGISTER), bits(~mask >>> 0, value), setMark(which)];
    }
    case 'map-mark':
      return [
        ...loadAll(statement.fields),
        { is: 'lookup', set: statement.map, from: REGISTER, into: REGISTER },
        setMark(statement.which),
      ];
    case 'notrack':
    case 'counter':
      return [{ is: statement.is }];
    case 'accept':
    case 'drop':
    case 'return':
      return [{ is: 'verdict', code: VERDICT[statement.is] }];
    case 'jump':
      return [{ is: 'verdict', code: VERDICT.jump, chain: statement.chain }];
  }
}

function setMark(which: 'meta' | 'ct'): Expression {
  if (which === 'meta') return { is: 'set-meta', key: META.mark, from: REGISTER };
  return { is: 'set-ct', key: CT.mark, from: REGISTER };
}

/** Fields side by side, each padded to whole registers, as the keys of sets lie. */
function loadAll(fields: readonly Field[]): Expression[] {
  let offset = 0;
  return fields.map((field) => {
    const { load, bytes } = SOURCES[field];
    const step = load(registerAt(offset));
    offset += (bytes + 3) & ~3;
    return step;
  });
}

function match(field: Field, equal: boolean, value: string | number): readonly Expression[] {
  if (SOURCES[field].only !== undefined && `${value}`.includes('/')) return matchRange(field, equal, value as Prefix);
  return [SOURCES[field].load(REGISTER), compare(literal(field, value), equal)];
}

/** A range whose length is whole bytes is compared by these bytes alone; another is masked first. */
function matchRange(field: Field, equal: boolean, range: Prefix): readonly Expression[] {
  const step = SOURCES[field].load(REGISTER);
  const bytes = addressBytes(addressIn(range));
  const length = lengthOf(range);
  if (length === 0 && !equal) throw new RangeError(`nothing is outside of ${range}`);
  if (length === 0) return [];
  if (length % 8 === 0 && step.is === 'payload')
    return [{ ...step, bytes: length / 8 }, compare(bytes.subarray(0, length / 8), equal)];
  const mask = bytes.map((_, i) => 0xff & ~(0xff >> Math.min(Math.max(length - 8 * i, 0), 8)));
  return [step, { is: 'bitwise', register: REGISTER, mask, xor: new Uint8Array(bytes.length) }, compare(bytes, equal)];
}

function literal(field: Field, value: string | number): Uint8Array {
  switch (field) {
    case 'ip saddr':
    case 'ip daddr':
    case 'ip6 saddr':
    case 'ip6 daddr':
      return addressBytes(value as Address);
    case 'iifname':
    case 'oifname': // a pattern is compared without the NUL that ends a whole name
      return `${value}`.endsWith('*') ? utf8(`${value}`.slice(0, -1)) : fieldBytes('ifname', `${value}`);
    case 'meta l4proto':
      return fieldBytes('inet_proto', `${value}`);
    case 'th dport':
      return fieldBytes('inet_service', `${value}`);
    case 'meta nfproto':
    case 'ct direction':
      return Uint8Array.of(numberFor(field, value));
    default:
      return word(numberFor(field, value));
  }
}

const WORDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'meta nfproto': { ipv4: FAMILY.ip, ipv6: FAMILY.ip6 },
  'ct direction': { original: 0, reply: 1 },
  'fib daddr type': { local: FIB.local },
};

function numberFor(field: Field, value: string | number): number {
  const number = typeof value === 'number' ? value : WORDS[field]?.[value];
  if (number === undefined) throw new RangeError(`${field} cannot be "${value}"`);
  return number;
}

function compare(value: Uint8Array, equal = true): Expression {
  return { is: 'compare', register: REGISTER, equal, value };
}

function bits(mask: number, xor: number): Expression {
  return { is: 'bitwise', register: REGISTER, mask: word(mask), xor: word(xor) };
}

/** A number as the machine itself keeps it in a register: little-endian wherever Berth runs. */
function word(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}
