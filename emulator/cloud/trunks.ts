import { type Done, done, found, isFault, put } from './change.ts';
import type { Cloud, Env, Touch } from './cloud.ts';
import type { Fault } from './fault.ts';
import { newId } from './ids.ts';
import type { Id, Nic, Trunking } from './nouns.ts';
import type { NicRequest } from './request.ts';
import { viewOf } from './view.ts';

// A trunk NIC is attached to an instance and carries branch NICs, each under a number of its own.

/** A branch NIC that a trunk carries. */
export type Carried = Nic & { readonly trunking: Trunking };

type Of<D extends NicRequest['do']> = Extract<NicRequest, { readonly do: D }>;

/** Answers the view of the branch NIC, which is in use from then on. The same pair and number again changes nothing. */
export function associateTrunk(cloud: Cloud, request: Of<'associate-trunk'>, env: Env): Done | Fault {
  const { by } = request;
  const trunk = found(cloud, 'nic', request.trunk);
  if (isFault(trunk)) return trunk;
  const branch = found(cloud, 'nic', request.branch);
  if (isFault(branch)) return branch;
  const fault = associationFault(cloud, { trunk, branch, by });
  if (fault !== undefined) return fault;
  const trunking = { id: newId(cloud.rules, 'association', env.random), trunk: trunk.id, by };
  const carried: Nic = { ...branch, state: 'in-use', trunking };
  const next = put(cloud, 'nic', carried);
  return { cloud: next, answer: { is: 'made', view: viewOf(next, 'nic', carried) }, touched: both(branch.id, trunk) };
}

/** The branch NIC is free at once. */
export function disassociateTrunk(cloud: Cloud, { association: id }: Of<'disassociate-trunk'>): Done | Fault {
  const branch = [...cloud.nics.values()].find(({ trunking }) => trunking?.id === id);
  if (branch?.trunking === undefined) return { why: 'not-found', kind: 'association', id };
  const trunk = cloud.nics.get(branch.trunking.trunk);
  return done(put(cloud, 'nic', released(branch)), ...both(branch.id, trunk));
}

/** The branch NICs that a NIC carries. */
export function branchesOf(cloud: Cloud, { id, kind }: Pick<Nic, 'id' | 'kind'>): readonly Carried[] {
  if (kind !== 'trunk') return []; // spares the walk over all
  return [...cloud.nics.values()].filter((it): it is Carried => it.trunking?.trunk === id);
}

/** The cloud in which a NIC carries nothing any more. */
export function withoutBranches(before: Cloud, trunk: Pick<Nic, 'id' | 'kind'>): Cloud {
  return branchesOf(before, trunk).reduce((cloud, branch) => put(cloud, 'nic', released(branch)), before);
}

function released(branch: Nic): Nic {
  const { trunking: _, ...nic } = branch;
  return { ...nic, state: 'available' };
}

/** What is not as it must be, in the order in which a caller would mend it. */
function associationFault(
  cloud: Cloud,
  { trunk, branch, by }: { readonly trunk: Nic; readonly branch: Nic; readonly by: Trunking['by'] },
): Fault | undefined {
  if (trunk.kind !== 'trunk') return { why: 'wrong-kind', nic: trunk.id, kind: trunk.kind, want: 'trunk' };
  if (branch.kind !== 'branch') return { why: 'wrong-kind', nic: branch.id, kind: branch.kind, want: 'branch' };
  if (branch.state !== 'available')
    return { why: 'wrong-state', kind: 'nic', id: branch.id, state: branch.state, want: 'available' };
  const instance = trunk.attachment && cloud.instances.get(trunk.attachment.instance);
  if (trunk.state !== 'in-use' || instance === undefined)
    return { why: 'wrong-state', kind: 'nic', id: trunk.id, state: trunk.state, want: 'in-use' };
  if (branch.vpc !== trunk.vpc)
    return { why: 'other-vpc', kind: 'nic', id: branch.id, vpc: branch.vpc, wanted: trunk.vpc };
  const zone = cloud.subnets.get(branch.subnet)?.zone ?? '';
  if (zone !== instance.zone) return { why: 'other-zone', nic: branch.id, zone, instanceZone: instance.zone };
  const number = numberOf(by);
  const others = branchesOf(cloud, trunk);
  const taken = others.find(({ trunking }) => numberOf(trunking.by) === number);
  if (taken !== undefined) return { why: 'number-taken', trunk: trunk.id, number, nic: taken.id };
  const limit = cloud.rules.limits(instance.type)?.branches ?? 0;
  if (others.length >= limit) return { why: 'branch-limit', trunk: trunk.id, type: instance.type, limit };
  return undefined;
}

function numberOf(by: Trunking['by']): number {
  return 'vlan' in by ? by.vlan : by.gre;
}

function both(branch: Id, trunk: Nic | undefined): readonly Touch[] {
  const touch = (id: Id): Touch => ({ kind: 'nic', id });
  return trunk === undefined ? [touch(branch)] : [touch(branch), touch(trunk.id)];
}
