import type { Family } from '../../src/base/ip.ts';
import { type Cloud, nicsOf } from './cloud.ts';
import type { Fault } from './fault.ts';
import type { Holding } from './giving.ts';
import type { Id, Instance, Nic } from './nouns.ts';
import type { InstanceLimits } from './rules.ts';

/** Where a NIC is to be attached. */
export interface Place {
  readonly nic: Nic;
  readonly instance: Instance;
  readonly device: number;
  readonly card: number;
}

/** Why a NIC cannot be attached there. */
export function attachFault(cloud: Cloud, { nic, instance, device, card }: Place): Fault | undefined {
  const { id, state, type } = instance;
  if (nic.kind === 'branch') return { why: 'wrong-kind', nic: nic.id, kind: nic.kind, want: 'interface' };
  if (nic.kind === 'trunk' && (cloud.rules.limits(type)?.branches ?? 0) === 0)
    return { why: 'unsupported', what: 'trunk', type };
  if (nic.state !== 'available')
    return { why: 'wrong-state', kind: 'nic', id: nic.id, state: nic.state, want: 'available' };
  if (state !== 'running') return { why: 'wrong-state', kind: 'instance', id, state, want: 'running' };
  if (nic.vpc !== instance.vpc)
    return { why: 'other-vpc', kind: 'nic', id: nic.id, vpc: nic.vpc, wanted: instance.vpc };
  const zone = cloud.subnets.get(nic.subnet)?.zone ?? '';
  if (zone !== instance.zone) return { why: 'other-zone', nic: nic.id, zone, instanceZone: instance.zone };
  return (
    placeFault(cloud, instance, { device, card }) ?? slotFault(cloud, { nic: undefined, instance, more: demandOf(nic) })
  );
}

/** Why an instance has no such place for another NIC. */
export function placeFault(
  cloud: Cloud,
  instance: Instance,
  { device, card }: { readonly device: number; readonly card: number },
): Fault | undefined {
  const { id, type } = instance;
  const cards = cloud.rules.limits(type)?.cards ?? [];
  const limit = cards[card]?.nics;
  if (limit === undefined) return { why: 'no-such-card', instance: id, card, cards: cards.length };
  const others = nicsOf(cloud, id).filter(({ attachment }) => attachment?.card === card);
  const taken = others.find(({ attachment }) => attachment?.device === device);
  if (taken !== undefined) return { why: 'device-taken', instance: id, device, nic: taken.id };
  return others.length >= limit ? { why: 'nic-limit', instance: id, type, limit } : undefined;
}

/** The lowest device number of a card that no NIC has. */
export function freeDevice(cloud: Cloud, instance: Id, card: number): number {
  const taken = new Set(nicsOf(cloud, instance).map(({ attachment: at }) => (at?.card === card ? at.device : -1)));
  let device = 0;
  while (taken.has(device)) device++;
  return device;
}

/** How many slots of each family are wanted, and whether any of them is for a prefix. */
export interface Demand {
  readonly v4: number;
  readonly v6: number;
  readonly prefixes: boolean;
}

/** Why a NIC of this instance cannot hold that much more. A NIC absent: it is to hold just this. */
export function slotFault(
  cloud: Cloud,
  { nic, instance, more }: { readonly nic: Nic | undefined; readonly instance: Instance; readonly more: Demand },
): Fault | undefined {
  const limits = cloud.rules.limits(instance.type);
  if (limits === undefined) return undefined;
  if (more.prefixes && !limits.nitro) return { why: 'unsupported', what: 'prefix', type: instance.type };
  for (const family of ['v4', 'v6'] as const) {
    const limit = limitOf(limits, family);
    const has = nic === undefined ? 0 : demandOf(nic)[family];
    const wanted = more[family];
    if (wanted === 0 || has + wanted <= limit) continue;
    const on = nic === undefined ? {} : { nic: nic.id };
    return { why: 'address-limit', ...on, instance: instance.id, type: instance.type, family, limit, has, wanted };
  }
  return undefined;
}

/** How many addresses and prefixes of a family a NIC of this type may hold, the primary address among them. */
export function limitOf(limits: InstanceLimits, family: Family): number {
  return family === 'v4' ? limits.addressesPerNic : limits.addresses6PerNic;
}

/** The slots that a holding fills. */
export function demandOf({ addresses, prefixes, addresses6, prefixes6 }: Holding): Demand {
  return {
    v4: addresses.length + prefixes.length,
    v6: addresses6.length + prefixes6.length,
    prefixes: prefixes.length + prefixes6.length > 0,
  };
}
