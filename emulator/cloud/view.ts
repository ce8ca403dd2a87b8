import type { InstanceView, NicView, View } from './answer.ts';
import { type Cloud, nicsOf, type Tagged } from './cloud.ts';
import type { Thing } from './change.ts';
import type { Instance, Nic } from './nouns.ts';
import { freeIn } from './space.ts';

/** A NIC with what lies beside it. */
export function nicView(cloud: Cloud, nic: Nic): NicView {
  const zone = cloud.subnets.get(nic.subnet)?.zone ?? '';
  const groups = nic.groups.map((id) => ({ id, name: cloud.groups.get(id)?.name ?? '' }));
  return { kind: 'nic', nic, zone, groups };
}

/** An instance with these NICs. */
export function instanceView(cloud: Cloud, instance: Instance, nics: readonly Nic[]): InstanceView {
  return { kind: 'instance', instance, nics: nics.map((nic) => nicView(cloud, nic)) };
}

/** A thing as it is now. */
export function viewOf<K extends Tagged>(cloud: Cloud, kind: K, thing: Thing<K>): View {
  const it = { kind, thing } as { [T in Tagged]: { readonly kind: T; readonly thing: Thing<T> } }[Tagged];
  switch (it.kind) {
    case 'vpc':
      return { kind: 'vpc', vpc: it.thing };
    case 'subnet': {
      const space = cloud.spaces.get(it.thing.id);
      return { kind: 'subnet', subnet: it.thing, free: space === undefined ? 0 : freeIn(space) };
    }
    case 'group':
      return { kind: 'group', group: it.thing };
    case 'route-table': {
      const { id } = it.thing;
      const subnets = [...cloud.subnets.values()].filter(({ routeTable }) => routeTable === id);
      return { kind: 'route-table', table: it.thing, subnets: subnets.map((subnet) => subnet.id) };
    }
    case 'gateway':
      return { kind: 'gateway', gateway: it.thing };
    case 'nat':
      return { kind: 'nat', nat: it.thing };
    case 'instance':
      return instanceView(cloud, it.thing, nicsOf(cloud, it.thing.id));
    case 'nic':
      return nicView(cloud, it.thing);
  }
}
