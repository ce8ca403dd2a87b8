import { familyOf } from '../../../../src/base/ip.ts';
import type { SubnetView } from '../../../cloud/answer.ts';
import type { Gateway, Id, Nat, Reservation, Subnet, Vpc } from '../../../cloud/nouns.ts';
import { arn, associationId, type Place, zoneId } from '../place.ts';
import { element, items, leaf, NOTHING, time, together, type Xml } from '../xml.ts';
import { tagSet } from './tags.ts';

/** A Vpc of EC2. */
export function vpcShape(vpc: Vpc, { account }: Place): Xml {
  const [first] = vpc.ranges;
  const v4 = vpc.ranges.filter((range) => familyOf(range) === 'v4');
  return together(
    leaf('vpcId', vpc.id),
    leaf('ownerId', account),
    leaf('state', 'available'),
    leaf('cidrBlock', first),
    items('cidrBlockAssociationSet', v4, (range) => rangeAssociation(vpc.id, range)),
    ranges6(vpc),
    leaf('dhcpOptionsId', 'dopt-00000000000000000'),
    leaf('instanceTenancy', 'default'),
    leaf('isDefault', false),
    tagSet(vpc.tags),
  );
}

function ranges6(vpc: Vpc): Xml {
  const v6 = vpc.ranges.filter((range) => familyOf(range) === 'v6');
  return v6.length === 0
    ? NOTHING
    : items('ipv6CidrBlockAssociationSet', v6, (range) => rangeAssociation(vpc.id, range));
}

/** How a range belongs to a VPC. Of IPv6 more is said. */
export function rangeAssociation(vpc: Id, range: Vpc['ranges'][number], state = 'associated'): Xml {
  const id = leaf('associationId', associationId('vpc-cidr-assoc', vpc, range));
  if (familyOf(range) === 'v4')
    return together(id, leaf('cidrBlock', range), element('cidrBlockState', leaf('state', state)));
  return together(
    id,
    leaf('ipv6CidrBlock', range),
    element('ipv6CidrBlockState', leaf('state', state)),
    leaf('ipv6Pool', 'Amazon'),
  );
}

/** A Subnet of EC2. */
export function subnetShape({ subnet, free }: SubnetView, place: Place): Xml {
  return together(
    leaf('subnetId', subnet.id),
    leaf('subnetArn', arn(place, `subnet/${subnet.id}`)),
    leaf('state', 'available'),
    leaf('ownerId', place.account),
    leaf('vpcId', subnet.vpc),
    leaf('cidrBlock', subnet.v4),
    items('ipv6CidrBlockAssociationSet', subnet.v6 === undefined ? [] : [subnet.v6], () => subnetRange6(subnet)),
    leaf('availableIpAddressCount', free),
    leaf('availabilityZone', subnet.zone),
    leaf('availabilityZoneId', zoneId(subnet.zone)),
    leaf('defaultForAz', false),
    leaf('mapPublicIpOnLaunch', subnet.mapPublic),
    leaf('mapCustomerOwnedIpOnLaunch', false),
    leaf('assignIpv6AddressOnCreation', false),
    leaf('enableDns64', false),
    leaf('ipv6Native', false),
    element(
      'privateDnsNameOptionsOnLaunch',
      leaf('hostnameType', 'ip-name'),
      leaf('enableResourceNameDnsARecord', false),
      leaf('enableResourceNameDnsAAAARecord', false),
    ),
    tagSet(subnet.tags),
  );
}

/** How its IPv6 range belongs to a subnet. */
export function subnetRange6({ id, v6 }: Subnet): Xml {
  return together(
    leaf('associationId', associationId('subnet-cidr-assoc', id, v6)),
    leaf('ipv6CidrBlock', v6),
    element('ipv6CidrBlockState', leaf('state', 'associated')),
  );
}

/** A SubnetCidrReservation of EC2. */
export function reservationShape(subnet: Id, { id, range, use, description }: Reservation, place: Place): Xml {
  return together(
    leaf('subnetCidrReservationId', id),
    leaf('subnetId', subnet),
    leaf('cidr', range),
    leaf('reservationType', use),
    leaf('ownerId', place.account),
    leaf('description', description),
    element('tagSet'),
  );
}

/** An InternetGateway of EC2. */
export function gatewayShape({ id, vpc, tags }: Gateway, { account }: Place): Xml {
  return together(
    leaf('internetGatewayId', id),
    leaf('ownerId', account),
    items('attachmentSet', vpc === undefined ? [] : [vpc], (it) =>
      together(leaf('vpcId', it), leaf('state', 'available')),
    ),
    tagSet(tags),
  );
}

/** A NatGateway of EC2. */
export function natShape(nat: Nat): Xml {
  return together(
    leaf('natGatewayId', nat.id),
    leaf('subnetId', nat.subnet),
    leaf('vpcId', nat.vpc),
    leaf('state', 'available'),
    time('createTime', nat.createdAt),
    items('natGatewayAddressSet', [nat], ({ address, publicAddress }) =>
      together(
        leaf('privateIp', address),
        leaf('publicIp', publicAddress),
        leaf('isPrimary', true),
        leaf('status', 'succeeded'),
      ),
    ),
    leaf('connectivityType', 'public'),
    tagSet(nat.tags),
  );
}
