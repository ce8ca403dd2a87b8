import type { NetworkInterface, Subnet } from '@aws-sdk/client-ec2';
import {
  type Address,
  address,
  addressIn,
  addressOfNumber,
  familyOf,
  numberOf,
  type Prefix,
  prefix,
} from '../../../base/ip.ts';
import { mac } from '../../../base/mac.ts';
import type { NicId, NicReport } from '../../../core/ipam/nic.ts';
import {
  type AwsSettings,
  type SubnetRanges,
  TAG_AWS_NODE,
  TAG_CONFIG,
  TAG_INSTANCE,
  TAGS_NO_MANAGE,
} from './settings.ts';

/** EC2's router of IPv6, the same in every subnet: "VPC route tables", Amazon VPC User Guide. */
const ROUTER_V6 = address('fe80:ec2::1');

export function subnetRanges(subnet: Subnet): SubnetRanges {
  const v6 = subnet.Ipv6CidrBlockAssociationSet?.find(
    ({ Ipv6CidrBlockState: state }) => state?.State === 'associated',
  )?.Ipv6CidrBlock;
  return {
    ...(subnet.CidrBlock === undefined ? {} : { v4: prefix(subnet.CidrBlock) }),
    ...(v6 === undefined ? {} : { v6: prefix(v6) }),
  };
}

/** A subnet's router is its second address. */
export function routerOf(range: Prefix): Address {
  return familyOf(range) === 'v6' ? ROUTER_V6 : addressOfNumber(numberOf(addressIn(range)) + 1n, 'v4');
}

/** A NIC as DescribeNetworkInterfaces tells it. Throws RangeError for an answer that is none. */
export function reportOf(
  nic: NetworkInterface,
  of: { ranges: SubnetRanges; settings: AwsSettings; instance: string },
): NicReport {
  const { ranges, settings, instance } = of;
  const range = ranges.v4 ?? ranges.v6;
  if (range === undefined) throw new RangeError(`subnet ${nic.SubnetId} of ${nic.NetworkInterfaceId} has no range`);
  const told = nic.PrivateIpAddresses ?? [];
  const v4 = (primary: boolean) =>
    told.flatMap((it) =>
      it.Primary === primary && it.PrivateIpAddress !== undefined ? address(it.PrivateIpAddress) : [],
    );
  const v6 = (nic.Ipv6Addresses ?? []).flatMap((it) => (it.Ipv6Address === undefined ? [] : address(it.Ipv6Address)));
  const device = nic.Attachment?.DeviceIndex ?? -1;
  const tags = Object.fromEntries((nic.TagSet ?? []).map(({ Key: key = '', Value: value = '' }) => [key, value]));
  return {
    id: (nic.NetworkInterfaceId ?? '') as NicId,
    mac: mac(nic.MacAddress ?? ''),
    device,
    card: nic.Attachment?.NetworkCardIndex ?? 0,
    subnet: nic.SubnetId ?? '',
    subnetRange: range,
    ...(ranges.v6 === undefined || ranges.v6 === range ? {} : { subnetRange6: ranges.v6 }),
    gateway: routerOf(range),
    ...(ranges.v6 === undefined ? {} : { gateway6: ROUTER_V6 }),
    groups: (nic.Groups ?? []).flatMap(({ GroupId: id }) => id ?? []),
    primary: [...v4(true), ...(device === 0 ? v6 : [])], // the system of the node uses the primary NIC's
    addresses: [...v4(false), ...(device === 0 ? [] : v6)],
    prefixes: [
      ...(nic.Ipv4Prefixes ?? []).flatMap(({ Ipv4Prefix: it }) => (it === undefined ? [] : prefix(it))),
      ...(nic.Ipv6Prefixes ?? []).flatMap(({ Ipv6Prefix: it }) => (it === undefined ? [] : prefix(it))),
    ],
    kind: kindOf(nic.InterfaceType ?? ''),
    managed: isManaged(tags, { device, settings, instance }),
    ...(tags[TAG_CONFIG] === undefined ? {} : { config: tags[TAG_CONFIG] }),
    ...(tags[CREATED] === undefined ? {} : createdAt(tags[CREATED])),
  };
}

const CREATED = 'berth.dev/created';

function createdAt(text: string): { createdAt?: number } {
  const at = Date.parse(text);
  return Number.isNaN(at) ? {} : { createdAt: at };
}

function kindOf(type: string): NicReport['kind'] {
  if (type === 'trunk') return 'trunk';
  return type === 'efa-only' ? 'efa' : 'interface';
}

/** The primary NIC is always ours; another unless it is marked, or is another instance's by its mark (A38). */
function isManaged(
  tags: Readonly<Record<string, string>>,
  { device, settings, instance }: { device: number; settings: AwsSettings; instance: string },
): boolean {
  if (TAGS_NO_MANAGE.some((tag) => tags[tag] === 'true')) return false;
  if (device === 0) return true;
  const owner = tags[TAG_INSTANCE] ?? tags[TAG_AWS_NODE];
  return owner === undefined ? settings.manageUntagged : owner === instance;
}
