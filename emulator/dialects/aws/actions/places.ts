import type { Request } from '../../../cloud/request.ts';
import type { Action } from '../action.ts';
import { ApiError } from '../api-error.ts';
import { matchesAny } from '../../../cloud/filter.ts';
import { INSTANCE_TYPES } from '../instance-types.ts';
import { nextToken, readPage } from '../paging.ts';
import type { Params } from '../params.ts';
import { zoneId } from '../place.ts';
import { instanceTypeShape } from '../shapes/instance-type.ts';
import { element, items, leaf, together } from '../xml.ts';

/** What is asked of the core when the answer is in no cloud: the call is counted, and may be troubled. */
const ASKS_NOTHING: Request = { do: 'describe', kind: 'job', page: { size: 1 } };

/** Zones, regions, and what an instance type carries: the same in every cloud. */
export const PLACES: Readonly<Record<string, Action>> = {
  DescribeAvailabilityZones: {
    category: 'non-mutating',
    read: (params, { cloud, place }) => {
      params.ignore('AllAvailabilityZones');
      const names = params.list('ZoneName');
      const ids = params.list('ZoneId');
      const fits = readPlainFilters(params, {
        'zone-name': (zone) => zone,
        'zone-id': zoneId,
        'region-name': () => place.region,
        state: () => 'available',
        'zone-type': () => 'availability-zone',
        'opt-in-status': () => 'opt-in-not-required',
      });
      const odd = names.find((name) => !cloud.zones.includes(name));
      if (odd !== undefined) throw new ApiError('InvalidParameterValue', `Invalid availability zone: [${odd}]`);
      const wanted = (zone: string) =>
        (names.length === 0 || names.includes(zone)) && (ids.length === 0 || ids.includes(zoneId(zone)));
      const zones = cloud.zones.filter((zone) => wanted(zone) && fits(zone));
      return {
        request: ASKS_NOTHING,
        write: () =>
          items('availabilityZoneInfo', zones, (zone) =>
            together(
              leaf('zoneName', zone),
              leaf('zoneState', 'available'),
              leaf('optInStatus', 'opt-in-not-required'),
              leaf('regionName', place.region),
              element('messageSet'),
              leaf('zoneId', zoneId(zone)),
              leaf('groupName', place.region),
              leaf('networkBorderGroup', place.region),
              leaf('zoneType', 'availability-zone'),
            ),
          ),
      };
    },
  },
  DescribeRegions: {
    category: 'non-mutating',
    read: (params, { place: { region } }) => {
      params.ignore('RegionName', 'Filter', 'AllRegions');
      return {
        request: ASKS_NOTHING,
        write: () =>
          items('regionInfo', [region], (name) =>
            together(
              leaf('regionName', name),
              leaf('regionEndpoint', `ec2.${name}.amazonaws.com`),
              leaf('optInStatus', 'opt-in-not-required'),
            ),
          ),
      };
    },
  },
  DescribeInstanceTypes: {
    category: 'non-mutating',
    read: (params) => {
      const names = params.list('InstanceType');
      const odd = names.filter((name) => !INSTANCE_TYPES.has(name));
      if (odd.length > 0)
        throw new ApiError(
          'InvalidInstanceType',
          `The following supplied instance types do not exist: [${odd.join(', ')}]`,
        );
      const fits = readPlainFilters(params, {
        'instance-type': (name) => name,
        hypervisor: (name) => INSTANCE_TYPES.get(name)?.hypervisor ?? '',
        'bare-metal': (name) => String(INSTANCE_TYPES.get(name)?.hypervisor === 'metal'),
        'processor-info.supported-architecture': (name) => INSTANCE_TYPES.get(name)?.architecture ?? '',
        'vcpu-info.default-vcpus': (name) => String(INSTANCE_TYPES.get(name)?.vcpus),
      });
      const page = readPage(params, { most: 100, withIds: false }, names) ?? { size: 100 };
      const all = (names.length > 0 ? names : [...INSTANCE_TYPES.keys()]).filter(fits);
      const from = page.after === undefined ? 0 : all.indexOf(page.after) + 1;
      const some = all.slice(from, from + page.size);
      return {
        request: ASKS_NOTHING,
        write: () =>
          together(
            items(
              'instanceTypeSet',
              some.flatMap((name) => INSTANCE_TYPES.get(name) ?? []),
              instanceTypeShape,
            ),
            nextToken(from + some.length < all.length ? some.at(-1) : undefined),
          ),
      };
    },
  },
};

/** Filters over what is no view of the core. Throws ApiError for a name that is not among them. */
function readPlainFilters(params: Params, fields: Readonly<Record<string, (of: string) => string>>) {
  const filters = params.rows('Filter').map((row) => {
    const name = row.needed('Name');
    const field = fields[name];
    if (field === undefined) throw new ApiError('InvalidParameterValue', `The filter '${name}' is invalid`);
    return { field, values: row.list('Value') };
  });
  return (it: string) => filters.every(({ field, values }) => matchesAny(field(it), values));
}
