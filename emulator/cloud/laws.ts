import type { SortedMap } from '../../src/base/sorted-map.ts';
import { type Cloud, nicsOf } from './cloud.ts';
import { derived } from './derive.ts';
import { demandOf, limitOf } from './limits.ts';
import type { Instance, Nic } from './nouns.ts';

/**
 * What must hold in every cloud, and does not: a sentence each. No address or range has two holders, all lie in their
 * subnets, the indexes agree with the things, no instance has more than its type may, no NIC is in a state that its
 * attachment belies. O(all addresses).
 */
export function lawsBroken(cloud: Cloud): readonly string[] {
  const { indexes, faults } = derived(cloud);
  return [
    ...faults,
    ...[...cloud.spaces].flatMap(([id, space]) => {
      const want = indexes.spaces.get(id);
      if (want === undefined) return [`there is a space of the subnet ${id}, which is not there`];
      return [
        ...unlike(`addresses of ${id}`, space.used, want.used),
        ...unlike(`blocks of ${id}`, space.busy, want.busy),
        ...(space.v6 && want.v6 ? unlike(`IPv6 addresses of ${id}`, space.v6.used, want.v6.used) : []),
        ...(space.v6 && want.v6 ? unlike(`IPv6 prefixes of ${id}`, space.v6.prefixes, want.v6.prefixes) : []),
        ...(space.v6 && want.v6 ? unlike(`IPv6 blocks of ${id}`, space.v6.singles, want.v6.singles) : []),
      ];
    }),
    ...unlike('NICs by instance', mapped(cloud.nicsOf), mapped(indexes.nicsOf)),
    ...unlike('NICs lately by instance', mapped(cloud.lately), mapped(indexes.lately)),
    ...unlike('attachments', cloud.attachments, indexes.attachments),
    ...unlike('public addresses', cloud.publics, indexes.publics),
    ...[...cloud.nics.values()].flatMap((nic) => nicFaults(cloud, nic)),
    ...[...cloud.instances.values()].flatMap((instance) => instanceFaults(cloud, instance)),
  ];
}

function mapped(map: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, string> {
  return new Map([...map].map(([key, list]) => [key, list.join(' ')]));
}

/** What one of two maps has and the other has not, or has otherwise. */
function unlike<K, V>(
  name: string,
  is: ReadonlyMap<K, V> | SortedMap<K, V>,
  should: ReadonlyMap<K, V> | SortedMap<K, V>,
): readonly string[] {
  const odd = [...is].filter(([key, value]) => should.get(key) !== value);
  const missing = [...should].filter(([key]) => !is.has(key));
  return [
    ...odd.map(([key, value]) => `${name}: ${key} is ${value} and should be ${should.get(key)}`),
    ...missing.map(([key, value]) => `${name}: ${key} is not there and should be ${value}`),
  ];
}

function nicFaults(cloud: Cloud, nic: Nic): readonly string[] {
  const { id, state, attachment, trunking } = nic;
  const faults: string[] = [];
  if ((state === 'available') !== (attachment === undefined && trunking === undefined))
    faults.push(`${id} is ${state}, and its attachment differs`);
  const trunk = trunking && cloud.nics.get(trunking.trunk);
  if (trunking !== undefined && trunk?.attachment === undefined)
    faults.push(`${id} is carried by ${trunking.trunk}, which is attached to nothing`);
  for (const group of nic.groups)
    if (cloud.groups.get(group)?.vpc !== nic.vpc) faults.push(`${id} has the group ${group} of another VPC`);
  const instance = attachment && cloud.instances.get(attachment.instance);
  if (attachment === undefined) return faults;
  if (instance === undefined || instance.state === 'terminated')
    return [...faults, `${id} is attached to ${attachment.instance}, which is not there`];
  const limits = cloud.rules.limits(instance.type);
  for (const family of ['v4', 'v6'] as const)
    if (limits !== undefined && demandOf(nic)[family] > limitOf(limits, family))
      faults.push(`${id} holds more of ${family} than ${instance.type} lets it`);
  const zone = cloud.subnets.get(nic.subnet)?.zone;
  return zone === instance.zone
    ? faults
    : [...faults, `${id} in ${zone} is attached to ${instance.id} in ${instance.zone}`];
}

function instanceFaults(cloud: Cloud, { id, type, state }: Instance): readonly string[] {
  const nics = nicsOf(cloud, id);
  const faults: string[] = [];
  const places = nics.map(({ attachment }) => `${attachment?.card}/${attachment?.device}`);
  if (new Set(places).size < places.length) faults.push(`${id} has two NICs at one place: ${places.join(' ')}`);
  if (state !== 'terminated' && !places.includes('0/0')) faults.push(`${id} has no primary NIC`);
  for (const [card, { nics: limit }] of (cloud.rules.limits(type)?.cards ?? []).entries())
    if (nics.filter(({ attachment }) => attachment?.card === card).length > limit)
      faults.push(`${id} has more than ${limit} NICs on its card ${card}`);
  return faults;
}
