import type { Address } from '../../base/ip.ts';
import { type Mac, mac } from '../../base/mac.ts';
import { addressField, count, flag, given, listOf, mapping, parsed, text } from './field.ts';

/** A NIC of a pod's own: BranchReport of `core/branches/branch.ts`, field by field. */
export interface BranchShape {
  readonly id: string;
  readonly mac: Mac;
  readonly vlan: number;
  readonly trunkMac: Mac;
  readonly subnet: string;
  readonly gateways: readonly Address[];
  readonly addresses: readonly Address[];
  readonly groups: readonly string[];
  readonly carried: boolean;
  readonly token?: string;
  readonly createdAt?: number;
}

/** Throws MessageError. */
export function readBranch(value: unknown, name: string): BranchShape {
  const fields = mapping(value, name);
  const addresses = (key: string) => listOf(fields[key], key, addressField);
  return {
    id: text(fields['id'], 'id'),
    mac: parsed(mac, text(fields['mac'], 'mac'), 'mac'),
    vlan: count(fields['vlan'], 'vlan'),
    trunkMac: parsed(mac, text(fields['trunkMac'], 'trunkMac'), 'trunkMac'),
    subnet: text(fields['subnet'], 'subnet'),
    gateways: addresses('gateways'),
    addresses: addresses('addresses'),
    groups: listOf(fields['groups'], 'groups', text),
    carried: flag(fields['carried'], 'carried'),
    ...given('token', fields, text),
    ...given('createdAt', fields, count),
  };
}
