import { familyOf } from '../../../../src/base/ip.ts';
import type { Reservation, Subnet } from '../../../cloud/nouns.ts';
import { type Action, madeOf, viewsOf } from '../action.ts';
import { ApiError } from '../api-error.ts';
import { describing } from '../describing.ts';
import { constant, OWNER, readFilters, ZONE_ID } from '../filters.ts';
import { nextToken, readPage } from '../paging.ts';
import type { Params } from '../params.ts';
import { zoneId } from '../place.ts';
import { reservationShape, subnetRange6, subnetShape } from '../shapes/net.ts';
import { readTagSpecifications } from '../shapes/tags.ts';
import { element, items, leaf, together } from '../xml.ts';
import { judgeLength } from './nets.ts';

/** Subnets, and the ranges that are reserved in them. */
export const SUBNETS: Readonly<Record<string, Action>> = {
  DescribeSubnets: describing({
    kind: 'subnet',
    ids: 'SubnetId',
    prefix: 'subnet-',
    malformed: 'InvalidSubnetID.Malformed',
    set: 'subnetSet',
    filters: {
      'subnet-id': 'id',
      'vpc-id': 'vpc',
      'availability-zone': 'zone',
      availabilityZone: 'zone',
      'availability-zone-id': ZONE_ID,
      availabilityZoneId: ZONE_ID,
      'available-ip-address-count': 'free',
      'cidr-block': 'range',
      cidr: 'range',
      cidrBlock: 'range',
      'ipv6-cidr-block-association.ipv6-cidr-block': 'range',
      'map-public-ip-on-launch': 'map-public',
      'default-for-az': constant('false'),
      defaultForAz: constant('false'),
      'owner-id': OWNER,
      state: constant('available'),
    },
    write: (view, { place }) => subnetShape(view, place),
  }),
  CreateSubnet: {
    category: 'mutating',
    read: (params, { cloud, place }) => {
      const vpc = params.id('VpcId');
      const v4 = params.range('CidrBlock');
      if (v4 === undefined) throw params.missing('cidrBlock');
      judgeLength(v4, 'InvalidSubnet.Range');
      const v6 = params.range('Ipv6CidrBlock');
      if (v6 !== undefined) judge64(v6);
      const asked = params.text('AvailabilityZoneId');
      const zone = params.text('AvailabilityZone') ?? cloud.zones.find((it) => zoneId(it) === asked);
      const tags = readTagSpecifications(params, 'subnet');
      const more = { ...(v6 === undefined ? {} : { v6 }), ...(zone === undefined ? {} : { zone }) };
      return {
        request: { do: 'create-subnet', vpc, v4, ...more, tags },
        write: (answer) => element('subnet', subnetShape(madeOf(answer, 'subnet'), place)),
      };
    },
  },
  DeleteSubnet: {
    category: 'mutating',
    read: (params) => ({
      request: { do: 'delete-subnet', subnet: params.id('SubnetId') },
      write: () => leaf('return', true),
    }),
  },
  ModifySubnetAttribute: {
    category: 'mutating',
    read: (params) => {
      const mapPublic = params.within('MapPublicIpOnLaunch').flag('Value');
      params.ignore('AssignIpv6AddressOnCreation', 'EnableDns64', 'PrivateDnsHostnameTypeOnLaunch');
      const change = mapPublic === undefined ? {} : { mapPublic };
      return {
        request: { do: 'modify-subnet', subnet: params.id('SubnetId'), ...change },
        write: () => leaf('return', true),
      };
    },
  },
  AssociateSubnetCidrBlock: {
    category: 'mutating',
    read: (params) => {
      const subnet = params.id('SubnetId');
      const v6 = params.range('Ipv6CidrBlock');
      if (v6 === undefined) throw params.missing('ipv6CidrBlock');
      judge64(v6);
      return {
        request: { do: 'modify-subnet', subnet, v6 },
        write: () =>
          together(
            leaf('subnetId', subnet),
            element('ipv6CidrBlockAssociation', subnetRange6({ id: subnet, v6 } as Subnet)),
          ),
      };
    },
  },
  CreateSubnetCidrReservation: {
    category: 'mutating',
    read: (params, { place }) => ({
      request: { do: 'reserve-range', subnet: params.id('SubnetId'), ...readReservation(params) },
      write: (answer) => {
        if (answer.is !== 'reserved') throw new TypeError(`nothing was reserved: ${answer.is}`);
        return element('subnetCidrReservation', reservationShape(answer.subnet, answer.reservation, place));
      },
    }),
  },
  DeleteSubnetCidrReservation: {
    category: 'mutating',
    read: (params, { cloud, place }) => {
      const reservation = params.id('SubnetCidrReservationId');
      const home = [...cloud.subnets.values()].find((it) => it.reservations.some(({ id }) => id === reservation));
      const it = home?.reservations.find(({ id }) => id === reservation);
      return {
        request: { do: 'release-range', reservation },
        write: () =>
          element('deletedSubnetCidrReservation', ...(home && it ? [reservationShape(home.id, it, place)] : [])),
      };
    },
  },
  GetSubnetCidrReservations: {
    category: 'non-mutating',
    read: (params, at) => {
      const subnet = params.id('SubnetId');
      const filters = readFilters(params, { reservationType: 'use', 'subnet-id': 'subnet' }, at);
      const page = readPage(params, { most: 1000, withIds: true });
      const own = [{ field: 'subnet', values: [subnet] }, ...filters];
      return {
        request: { do: 'describe', kind: 'reservation', filters: own, ...(page === undefined ? {} : { page }) },
        write: (answer) => {
          const all = viewsOf(answer, 'reservation');
          const of = (v6: boolean) => all.filter(({ reservation }) => reservation.range.includes(':') === v6);
          return together(
            items('subnetIpv4CidrReservationSet', of(false), (it) =>
              reservationShape(subnet, it.reservation, at.place),
            ),
            items('subnetIpv6CidrReservationSet', of(true), (it) => reservationShape(subnet, it.reservation, at.place)),
            nextToken(answer.is === 'views' ? answer.next : undefined),
          );
        },
      };
    },
  },
};

function judge64(range: Reservation['range']): void {
  if (familyOf(range) !== 'v6' || !range.endsWith('/64'))
    throw new ApiError('InvalidSubnet.Range', `The CIDR '${range}' is invalid.`);
}

function readReservation(params: Params): Omit<Reservation, 'id'> {
  const range = params.range('Cidr');
  if (range === undefined) throw params.missing('cidr');
  const use = params.needed('ReservationType');
  if (use !== 'prefix' && use !== 'explicit') throw params.invalid('ReservationType', use, 'reservation type');
  return { range, use, description: params.text('Description') ?? '' };
}
