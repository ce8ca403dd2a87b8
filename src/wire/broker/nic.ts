import type { Address, Prefix } from '../../base/ip.ts';
import { type Mac, mac } from '../../base/mac.ts';
import { addressField, count, flag, given, listOf, mapping, oneOf, parsed, prefixField, text } from './field.ts';

/** A NIC as its cloud tells of it: NicReport of `core/ipam/nic.ts`, field by field. */
export interface NicShape {
  readonly id: string;
  readonly mac: Mac;
  readonly device: number;
  readonly card: number;
  readonly subnet: string;
  readonly subnetRange: Prefix;
  readonly subnetRange6?: Prefix;
  readonly gateway: Address;
  readonly gateway6?: Address;
  readonly groups: readonly string[];
  readonly primary: readonly Address[];
  readonly addresses: readonly Address[];
  readonly prefixes: readonly Prefix[];
  readonly kind: 'interface' | 'trunk' | 'efa';
  readonly managed: boolean;
  readonly config?: string;
  readonly createdAt?: number;
}

/** What an instance may have: NicLimits. */
export interface LimitsShape {
  readonly nics: number;
  readonly slotsV4: number;
  readonly slotsV6: number;
  readonly prefixes: boolean;
}

/** What was given: Given. */
export interface GivenShape {
  readonly addresses: readonly Address[];
  readonly prefixes: readonly Prefix[];
  readonly doubtful?: boolean;
}

const kind = oneOf(['interface', 'trunk', 'efa']);

/** Throws MessageError, as all of these. */
export function readNic(value: unknown, name: string): NicShape {
  const fields = mapping(value, name);
  const [addresses, prefixes] = [list(addressField), list(prefixField)];
  return {
    id: text(fields['id'], 'id'),
    mac: parsed(mac, text(fields['mac'], 'mac'), 'mac'),
    device: count(fields['device'], 'device'),
    card: count(fields['card'], 'card'),
    subnet: text(fields['subnet'], 'subnet'),
    subnetRange: prefixField(fields['subnetRange'], 'subnetRange'),
    ...given('subnetRange6', fields, prefixField),
    gateway: addressField(fields['gateway'], 'gateway'),
    ...given('gateway6', fields, addressField),
    groups: list(text)(fields['groups'], 'groups'),
    primary: addresses(fields['primary'], 'primary'),
    addresses: addresses(fields['addresses'], 'addresses'),
    prefixes: prefixes(fields['prefixes'], 'prefixes'),
    kind: kind(fields['kind'], 'kind'),
    managed: flag(fields['managed'], 'managed'),
    ...given('config', fields, text),
    ...given('createdAt', fields, count),
  };
}

export function readLimits(value: unknown, name: string): LimitsShape {
  const fields = mapping(value, name);
  return {
    nics: count(fields['nics'], 'nics'),
    slotsV4: count(fields['slotsV4'], 'slotsV4'),
    slotsV6: count(fields['slotsV6'], 'slotsV6'),
    prefixes: flag(fields['prefixes'], 'prefixes'),
  };
}

export function readGiven(value: unknown, name: string): GivenShape {
  const fields = mapping(value, name);
  return {
    addresses: list(addressField)(fields['addresses'], 'addresses'),
    prefixes: list(prefixField)(fields['prefixes'], 'prefixes'),
    ...given('doubtful', fields, flag),
  };
}

function list<T>(read: (one: unknown, name: string) => T): (value: unknown, name: string) => readonly T[] {
  return (value, name) => listOf(value, name, read);
}
