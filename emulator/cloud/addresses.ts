import type { Address, Prefix } from '../../src/base/ip.ts';
import { type Done, done, found, isFault, put } from './change.ts';
import type { Cloud, Env, Touch } from './cloud.ts';
import type { Fault } from './fault.ts';
import { give, type Holding, takenBack } from './giving.ts';
import { type Demand, slotFault } from './limits.ts';
import type { Nic } from './nouns.ts';
import { type AddressWishes, countOf, type NicRequest } from './request.ts';
import { holderAt } from './space.ts';

type Of<D extends NicRequest['do']> = Extract<NicRequest, { readonly do: D }>;

/** Answers what was given. All that is wished, or nothing. */
export function assign(cloud: Cloud, request: Of<'assign'>, env: Env): Done | Fault {
  const nic = found(cloud, 'nic', request.nic);
  if (isFault(nic)) return nic;
  const wishes = request.reassign === true ? withoutOwn(nic, request) : request;
  const instance = nic.attachment && cloud.instances.get(nic.attachment.instance);
  const full = instance && slotFault(cloud, { nic, instance, more: demanded(wishes) });
  if (full !== undefined) return full;
  const freed = request.reassign === true ? takenFromOthers(cloud, nic, request) : { cloud, touched: [] };
  if (isFault(freed)) return freed;
  const subnet = found(cloud, 'subnet', nic.subnet);
  if (isFault(subnet)) return subnet;
  const gift = give(freed.cloud, wishes, { to: nic.id, subnet, during: 'assign', env });
  if (isFault(gift)) return gift;
  const spaced = { ...freed.cloud, spaces: freed.cloud.spaces.set(subnet.id, gift.space) };
  return {
    cloud: put(spaced, 'nic', { ...nic, ...joined(nic, gift.given) }),
    answer: { is: 'assigned', nic: nic.id, ...gift.given },
    touched: [{ kind: 'nic', id: nic.id }, ...freed.touched],
  };
}

/** The slots that wishes would fill. */
function demanded({ addresses, prefixes, addresses6, prefixes6 }: AddressWishes): Demand {
  const blocks = [countOf(prefixes), countOf(prefixes6)] as const;
  return {
    v4: countOf(addresses) + blocks[0],
    v6: countOf(addresses6) + blocks[1],
    prefixes: blocks[0] + blocks[1] > 0,
  };
}

function joined(a: Holding, b: Holding): Holding {
  return {
    addresses: [...a.addresses, ...b.addresses],
    prefixes: [...a.prefixes, ...b.prefixes],
    addresses6: [...a.addresses6, ...b.addresses6],
    prefixes6: [...a.prefixes6, ...b.prefixes6],
  };
}

/** A NIC's own address, asked for once more with leave to take it: it has it already. */
function withoutOwn(nic: Nic, wishes: AddressWishes): AddressWishes {
  const { addresses } = wishes;
  if (addresses === undefined || 'count' in addresses) return wishes;
  return { ...wishes, addresses: { list: addresses.list.filter((it) => !nic.addresses.includes(it)) } };
}

/** The cloud in which single addresses asked for by name are free, whoever had them. */
function takenFromOthers(
  before: Cloud,
  to: Nic,
  { addresses }: AddressWishes,
): { readonly cloud: Cloud; readonly touched: readonly Touch[] } | Fault {
  let cloud = before;
  const touched: Touch[] = [];
  for (const address of addresses !== undefined && 'list' in addresses ? addresses.list : []) {
    const space = cloud.spaces.get(to.subnet);
    const holder = space && cloud.nics.get(holderAt(space, address) ?? to.id);
    if (holder === undefined || holder.id === to.id) continue;
    if (!holder.addresses.includes(address)) continue; // in a prefix, or of a NAT gateway: `give` tells
    const taken = lost(cloud, holder, { addresses: [address] });
    if (isFault(taken)) return taken;
    cloud = taken;
    touched.push({ kind: 'nic', id: holder.id });
  }
  return { cloud, touched };
}

/** All of them go, or none: what the NIC does not have is a fault, and the primary address stays. */
export function unassign(cloud: Cloud, request: Of<'unassign'>): Done | Fault {
  const nic = found(cloud, 'nic', request.nic);
  if (isFault(nic)) return nic;
  const next = lost(cloud, nic, request);
  return isFault(next) ? next : done(next, { kind: 'nic', id: nic.id });
}

function lost(cloud: Cloud, nic: Nic, gone: Partial<Holding>): Cloud | Fault {
  const { addresses = [], prefixes = [], addresses6 = [], prefixes6 = [] } = gone;
  const primary = addresses.find((it) => it === nic.addresses[0]);
  if (primary !== undefined) return { why: 'primary-address', address: primary, nic: nic.id };
  const absent =
    addresses.find((it) => !nic.addresses.includes(it)) ??
    prefixes.find((it) => !nic.prefixes.includes(it)) ??
    addresses6.find((it) => !nic.addresses6.includes(it)) ??
    prefixes6.find((it) => !nic.prefixes6.includes(it));
  if (absent !== undefined) return { why: 'not-assigned', address: absent, nic: nic.id };
  const rest = <T extends Address | Prefix>(all: readonly T[], some: readonly T[]) =>
    some.length === 0 ? all : all.filter((it) => !some.includes(it));
  const space = cloud.spaces.get(nic.subnet);
  const back = space && takenBack(space, unique({ addresses, prefixes, addresses6, prefixes6 }));
  const spaced = back === undefined ? cloud : { ...cloud, spaces: cloud.spaces.set(nic.subnet, back) };
  return put(spaced, 'nic', {
    ...nic,
    addresses: rest(nic.addresses, addresses),
    prefixes: rest(nic.prefixes, prefixes),
    addresses6: rest(nic.addresses6, addresses6),
    prefixes6: rest(nic.prefixes6, prefixes6),
  });
}

/** Named twice, given back once. */
function unique({ addresses, prefixes, addresses6, prefixes6 }: Holding): Holding {
  return {
    addresses: [...new Set(addresses)],
    prefixes: [...new Set(prefixes)],
    addresses6: [...new Set(addresses6)],
    prefixes6: [...new Set(prefixes6)],
  };
}

/** Between two NICs of one subnet, in one step: at no time has nobody the address. */
export function moveAddress(cloud: Cloud, request: Of<'move-address'>, env: Env): Done | Fault {
  const { address, from, to } = request;
  const holder = found(cloud, 'nic', from);
  if (isFault(holder)) return holder;
  const next = found(cloud, 'nic', to);
  if (isFault(next)) return next;
  if (!holder.addresses.includes(address)) return { why: 'not-assigned', address, nic: from };
  const range = cloud.subnets.get(next.subnet)?.v4;
  if (holder.subnet !== next.subnet && range !== undefined)
    return { why: 'outside-subnet', address, subnet: next.subnet, range };
  const wishes = { addresses: { list: [address] } };
  return assign(cloud, { do: 'assign', nic: to, reassign: true, ...wishes }, env);
}
