import type { NicView } from '../../../cloud/answer.ts';
import type { Nic } from '../../../cloud/nouns.ts';
import { type Place, privateName, publicName, zoneId } from '../place.ts';
import { element, items, leaf, NOTHING, time, together, type Xml } from '../xml.ts';
import { tagSet } from './tags.ts';

/** A NetworkInterface of EC2, as DescribeNetworkInterfaces lists it. */
export function networkInterface({ nic, zone, groups }: NicView, place: Place): Xml {
  const [primary] = nic.addresses;
  return together(
    leaf('networkInterfaceId', nic.id),
    leaf('subnetId', nic.subnet),
    leaf('vpcId', nic.vpc),
    leaf('availabilityZone', zone),
    leaf('availabilityZoneId', zoneId(zone)),
    leaf('description', nic.description),
    leaf('ownerId', place.account),
    leaf('requesterManaged', false),
    leaf('status', nic.state === 'available' ? 'available' : 'in-use'),
    leaf('macAddress', nic.mac),
    leaf('privateIpAddress', primary),
    leaf('privateDnsName', primary && privateName(place, primary)),
    leaf('sourceDestCheck', nic.sourceCheck),
    groupSet(groups),
    attachment(nic, place),
    association(nic, place),
    tagSet(nic.tags),
    ...addressSets(nic, place),
    leaf('interfaceType', nic.kind),
    leaf('ipv6Native', false),
    element('operator', leaf('managed', false)),
    leaf('denyAllIgwTraffic', false),
  );
}

/** The same as an instance shows it: "InstanceNetworkInterface". */
export function instanceInterface({ nic, groups }: NicView, place: Place): Xml {
  const [primary] = nic.addresses;
  return together(
    leaf('networkInterfaceId', nic.id),
    leaf('subnetId', nic.subnet),
    leaf('vpcId', nic.vpc),
    leaf('description', nic.description),
    leaf('ownerId', place.account),
    leaf('status', 'in-use'),
    leaf('macAddress', nic.mac),
    leaf('privateIpAddress', primary),
    leaf('privateDnsName', primary && privateName(place, primary)),
    leaf('sourceDestCheck', nic.sourceCheck),
    groupSet(groups),
    shortAttachment(nic),
    association(nic, place),
    ...addressSets(nic, place),
    leaf('interfaceType', nic.kind),
    element('operator', leaf('managed', false)),
  );
}

/** The groups of a NIC or an instance. */
export function groupSet(groups: NicView['groups']): Xml {
  return items('groupSet', groups, ({ id, name }) => together(leaf('groupId', id), leaf('groupName', name)));
}

/** What EC2 calls the states of an attachment. */
export const ATTACHMENT_STATUS = { attaching: 'attaching', 'in-use': 'attached', detaching: 'detaching' } as const;

function attachmentStatus({ state }: Nic): string {
  return state === 'available' ? 'detached' : ATTACHMENT_STATUS[state];
}

function attachment(nic: Nic, { account }: Place): Xml {
  const { attachment: at } = nic;
  if (at === undefined) return NOTHING;
  return element(
    'attachment',
    leaf('attachmentId', at.id),
    leaf('instanceId', at.instance),
    leaf('instanceOwnerId', account),
    leaf('deviceIndex', at.device),
    leaf('networkCardIndex', at.card),
    leaf('status', attachmentStatus(nic)),
    time('attachTime', at.since),
    leaf('deleteOnTermination', at.deleteWithInstance),
  );
}

function shortAttachment(nic: Nic): Xml {
  const { attachment: at } = nic;
  if (at === undefined) return NOTHING;
  return element(
    'attachment',
    leaf('attachmentId', at.id),
    leaf('deviceIndex', at.device),
    leaf('networkCardIndex', at.card),
    leaf('status', attachmentStatus(nic)),
    time('attachTime', at.since),
    leaf('deleteOnTermination', at.deleteWithInstance),
  );
}

/** The public address of the primary one, which is Amazon's. */
function association({ publicAddress }: Nic, place: Place): Xml {
  if (publicAddress === undefined) return NOTHING;
  return element(
    'association',
    leaf('publicIp', publicAddress),
    leaf('publicDnsName', publicName(place, publicAddress)),
    leaf('ipOwnerId', 'amazon'),
  );
}

/** A family of prefixes that a NIC has none of is not told. */
function addressSets(nic: Nic, place: Place): readonly Xml[] {
  const { addresses, addresses6, prefixes, prefixes6 } = nic;
  const outside = association(nic, place);
  return [
    items('privateIpAddressesSet', addresses, (address) => {
      const primary = address === addresses[0];
      // in one piece: most of a long page are these, and no letter of theirs means anything in XML
      const own = `<privateIpAddress>${address}</privateIpAddress>`;
      const name = `<privateDnsName>${privateName(place, address)}</privateDnsName>`;
      return `${own}${name}<primary>${primary}</primary>${primary ? outside : NOTHING}` as Xml;
    }),
    items('ipv6AddressesSet', addresses6, (address) =>
      together(leaf('ipv6Address', address), leaf('isPrimaryIpv6', false)),
    ),
    prefixes.length === 0 ? NOTHING : items('ipv4PrefixSet', prefixes, (it) => leaf('ipv4Prefix', it)),
    prefixes6.length === 0 ? NOTHING : items('ipv6PrefixSet', prefixes6, (it) => leaf('ipv6Prefix', it)),
  ];
}
