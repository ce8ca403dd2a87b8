import type { NetworkInterface, TagSpecification } from '@aws-sdk/client-ec2';
import { address } from '../../../base/ip.ts';
import { mac } from '../../../base/mac.ts';
import type { BranchReport } from '../../../core/branches/branch.ts';
import type { NicId, NicReport, Token } from '../../../core/ipam/nic.ts';
import { routerOf } from './reports.ts';
import { type SubnetRanges, TAG_CREATED, TAG_INTENT, TAG_VLAN } from './settings.ts';

/** Tags for a NIC that is being made. */
export function tagged(tags: Readonly<Record<string, string>>): TagSpecification {
  return { ResourceType: 'network-interface', Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
}

/** A branch NIC as EC2 tells it. `trunk`: the instance's; `ranges`: of the NIC's subnet. */
export function branchReport(nic: NetworkInterface, trunk: NicReport | undefined, ranges: SubnetRanges): BranchReport {
  const v4 = (nic.PrivateIpAddresses ?? []).flatMap(({ Primary: first, PrivateIpAddress: it }) =>
    first === true && it !== undefined ? address(it) : [],
  );
  const [v6] = (nic.Ipv6Addresses ?? []).flatMap(({ Ipv6Address: it }) => (it === undefined ? [] : address(it)));
  const token = tagOf(nic, TAG_INTENT);
  const createdAt = Date.parse(tagOf(nic, TAG_CREATED) ?? '');
  return {
    id: (nic.NetworkInterfaceId ?? '') as NicId,
    mac: mac(nic.MacAddress ?? ''),
    vlan: vlanOf(nic),
    trunkMac: trunk?.mac ?? mac(nic.MacAddress ?? ''),
    subnet: nic.SubnetId ?? '',
    gateways: [ranges.v4, ranges.v6].flatMap((range) => (range === undefined ? [] : routerOf(range))),
    addresses: [...v4, ...(v6 === undefined ? [] : [v6])],
    groups: (nic.Groups ?? []).flatMap(({ GroupId: id }) => id ?? []),
    carried: trunk !== undefined && nic.Status === 'in-use',
    ...(token === undefined ? {} : { token: token as Token }),
    ...(Number.isNaN(createdAt) ? {} : { createdAt }),
  };
}

/** Its number on the trunk. */
export function vlanOf(nic: NetworkInterface): number {
  return Number(tagOf(nic, TAG_VLAN) ?? 0);
}

/** What a tag of it says. */
export function tagOf({ TagSet: tags = [] }: NetworkInterface, name: string): string | undefined {
  return tags.find(({ Key: key }) => key === name)?.Value;
}
