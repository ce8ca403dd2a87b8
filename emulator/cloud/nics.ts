import type { Millis } from '../../src/base/clock.ts';
import { type Done, done, drawn, found, isFault, later, planned, put, quotaFault, without } from './change.ts';
import { type Cloud, type Env, nicsOf, type Touch } from './cloud.ts';
import type { Fault } from './fault.ts';
import { give, takenBack } from './giving.ts';
import { newId, newMac } from './ids.ts';
import { attachFault, freeDevice } from './limits.ts';
import type { Attachment, Id, Job, Nic } from './nouns.ts';
import type { NewNic, NicRequest, Request } from './request.ts';
import type { Delay } from './rules.ts';
import { branchesOf, withoutBranches } from './trunks.ts';
import { viewOf } from './view.ts';

/** A NIC request of one kind. */
type Of<D extends NicRequest['do']> = Extract<NicRequest, { readonly do: D }>;

/** A NIC that was made and belongs to nobody yet. */
export interface MadeNic {
  readonly cloud: Cloud;
  readonly nic: Nic;
}

/** Answers the view of a new NIC, which is available. */
export function createNic(cloud: Cloud, request: Of<'create-nic'>, env: Env): Done | Fault {
  const made = madeNic(cloud, request, { env, during: 'create-nic' });
  if (isFault(made)) return made;
  return {
    cloud: made.cloud,
    answer: { is: 'made', view: viewOf(made.cloud, 'nic', made.nic) },
    touched: [{ kind: 'nic', id: made.nic.id }],
  };
}

/** A new NIC with its addresses, or the reason why not. */
export function madeNic(
  cloud: Cloud,
  wanted: NewNic,
  { env, during }: { readonly env: Env; readonly during: Request['do'] },
): MadeNic | Fault {
  const subnet = found(cloud, 'subnet', wanted.subnet);
  if (isFault(subnet)) return subnet;
  const groups = groupsOf(cloud, subnet.vpc, wanted.groups);
  if (isFault(groups)) return groups;
  const full = quotaFault(cloud, 'nics', { has: cloud.nics.size, more: 1 });
  if (full !== undefined) return full;
  const mac = newMac(cloud.rules, env.random);
  const id = cloud.rules.nicNamedByMac === true ? (mac as string as Id) : newId(cloud.rules, 'nic', env.random);
  const giving = { to: id, subnet, env, during };
  const first = give(cloud, { addresses: primaryWish(wanted) }, giving);
  if (isFault(first)) return first;
  const spaced = { ...cloud, spaces: cloud.spaces.set(subnet.id, first.space) };
  const rest = give(spaced, wanted, giving);
  if (isFault(rest)) return wantingPrimary(rest);
  const { given } = rest;
  const nic: Nic = {
    ...given,
    addresses: [...first.given.addresses, ...given.addresses],
    id,
    vpc: subnet.vpc,
    subnet: subnet.id,
    mac,
    state: 'available',
    groups,
    sourceCheck: true,
    description: wanted.description ?? '',
    createdAt: env.now,
    kind: wanted.kind ?? 'interface',
    tags: wanted.tags ?? {},
  };
  const next = { ...cloud, spaces: cloud.spaces.set(subnet.id, rest.space) };
  return { cloud: put(next, 'nic', nic), nic };
}

function primaryWish({ primary, withoutAddress }: NewNic): NonNullable<NewNic['addresses']> {
  if (withoutAddress === true) return { count: 0 };
  return primary === undefined ? { count: 1 } : { list: [primary] };
}

/** The primary address was wanted too, and is not in the subnet that this fault saw. */
function wantingPrimary(fault: Fault): Fault {
  if (fault.why !== 'subnet-empty' || fault.family !== 'v4') return fault;
  return { ...fault, wanted: fault.wanted + 1, free: fault.free + 1 };
}

/** The groups a NIC is to have: those named, or the VPC's default group. */
function groupsOf(cloud: Cloud, vpc: Id, ids: readonly Id[] | undefined): readonly Id[] | Fault {
  if (ids === undefined || ids.length === 0) {
    const owner = found(cloud, 'vpc', vpc);
    return isFault(owner) ? owner : [owner.defaultGroup];
  }
  for (const id of ids) {
    const group = found(cloud, 'group', id);
    if (isFault(group)) return group;
    if (group.vpc !== vpc) return { why: 'other-vpc', kind: 'group', id, vpc: group.vpc, wanted: vpc };
  }
  return quotaFault(cloud, 'groupsPerNic', { has: 0, more: ids.length }) ?? ids;
}

/** A NIC that is attached cannot be deleted. */
export function deleteNic(cloud: Cloud, { nic: id }: Of<'delete-nic'>): Done | Fault {
  const nic = found(cloud, 'nic', id);
  if (isFault(nic)) return nic;
  if (nic.attachment !== undefined)
    return { why: 'in-use', kind: 'nic', id, by: 'instance', byId: nic.attachment.instance };
  return done(withoutNic(cloud, nic), { kind: 'nic', id });
}

/** The cloud without a NIC and what it held, off its instance too. */
export function withoutNic(before: Cloud, nic: Nic): Cloud {
  const cloud = without(freedNic(before, nic), 'nic', nic.id);
  const space = cloud.spaces.get(nic.subnet);
  return space === undefined ? cloud : { ...cloud, spaces: cloud.spaces.set(nic.subnet, takenBack(space, nic)) };
}

/** Answers at once; the link is there when the delay is over. */
export function attachNic(cloud: Cloud, request: Of<'attach-nic'>, env: Env): Done | Fault {
  const nic = found(cloud, 'nic', request.nic);
  if (isFault(nic)) return nic;
  const instance = found(cloud, 'instance', request.instance);
  if (isFault(instance)) return instance;
  const card = request.card ?? 0;
  const device = request.device ?? freeDevice(cloud, instance.id, card);
  const fault = attachFault(cloud, { nic, instance, device, card });
  if (fault !== undefined) return fault;
  const place = { instance: instance.id, device, card, deleteWithInstance: false };
  const linked = attached(cloud, nic, { place, env });
  const { attachment } = linked;
  const due = dueAt(cloud, env, cloud.rules.delays.attach);
  const ticket = withJob(linked.cloud, 'attach-nic', { subjects: [nic.id, instance.id], due, env });
  return {
    cloud: planned(ticket.cloud, due, { do: 'attach', nic: nic.id, attachment: attachment.id, ...ticket.job }),
    answer: { is: 'attached', nic: nic.id, attachment, ...ticket.job },
    touched: both(nic.id, instance.id),
  };
}

/** The cloud in which a NIC is on its way into an instance. */
export function attached(
  before: Cloud,
  nic: Nic,
  { place, env }: { readonly place: Omit<Attachment, 'id' | 'since'>; readonly env: Env },
): { readonly cloud: Cloud; readonly attachment: Attachment } {
  const attachment = { id: newId(before.rules, 'attachment', env.random), ...place, since: env.now };
  const cloud = put(before, 'nic', { ...nic, state: 'attaching', attachment });
  const all = [...nicsOf(before, place.instance), { ...nic, attachment }].toSorted(byPlace).map(({ id }) => id);
  const attachments = cloud.attachments.set(attachment.id, nic.id);
  return { cloud: { ...cloud, nicsOf: cloud.nicsOf.set(place.instance, all), attachments }, attachment };
}

function byPlace(a: Pick<Nic, 'attachment'>, b: Pick<Nic, 'attachment'>): number {
  const [of, than] = [a.attachment, b.attachment];
  return (of?.card ?? 0) - (than?.card ?? 0) || (of?.device ?? 0) - (than?.device ?? 0);
}

/** Answers at once; the link goes when the delay is over, by force at once. The primary NIC stays. */
export function detachNic(cloud: Cloud, { of, force }: Of<'detach-nic'>, env: Env): Done | Fault {
  const id = 'nic' in of ? of.nic : cloud.attachments.get(of.attachment);
  if (id === undefined) return { why: 'not-found', kind: 'attachment', id: 'nic' in of ? of.nic : of.attachment };
  const nic = found(cloud, 'nic', id);
  if (isFault(nic)) return nic;
  const { attachment } = nic;
  if (attachment === undefined) return { why: 'wrong-state', kind: 'nic', id, state: nic.state, want: 'in-use' };
  if (attachment.device === 0 && attachment.card === 0) return { why: 'indispensable', kind: 'attachment', id };
  const [branch] = branchesOf(cloud, nic);
  if (branch !== undefined) return { why: 'in-use', kind: 'nic', id, by: 'association', byId: branch.trunking.id };
  if (nic.state === 'detaching' && force !== true)
    return { why: 'wrong-state', kind: 'nic', id, state: nic.state, want: 'in-use' };
  const touched = both(id, attachment.instance);
  if (force === true) return { cloud: freedNic(cloud, nic), answer: { is: 'detached', nic: id }, touched };
  const due = dueAt(cloud, env, cloud.rules.delays.detach);
  const going = put(cloud, 'nic', { ...nic, state: 'detaching' });
  const ticket = withJob(going, 'detach-nic', { subjects: [id, attachment.instance], due, env });
  return {
    cloud: planned(ticket.cloud, due, { do: 'detach', nic: id, attachment: attachment.id, ...ticket.job }),
    answer: { is: 'detached', nic: id, ...ticket.job },
    touched,
  };
}

/** The cloud in which a NIC belongs to nobody, nor what it carried; its public address goes with the instance. */
export function freedNic(before: Cloud, { attachment, publicAddress, ...nic }: Nic): Cloud {
  const cloud = put(withoutBranches(before, nic), 'nic', { ...nic, state: 'available' });
  const publics = publicAddress === undefined ? cloud.publics : cloud.publics.delete(publicAddress);
  if (attachment === undefined) return { ...cloud, publics };
  const { instance } = attachment;
  const left = (cloud.nicsOf.get(instance) ?? []).filter((it) => it !== nic.id);
  const nicsOf = left.length === 0 ? cloud.nicsOf.delete(instance) : cloud.nicsOf.set(instance, left);
  return { ...cloud, publics, nicsOf, attachments: cloud.attachments.delete(attachment.id) };
}

/** Groups, source check and description at once; whether it ends with its instance, if it is attached. */
export function modifyNic(cloud: Cloud, request: Of<'modify-nic'>): Done | Fault {
  const nic = found(cloud, 'nic', request.nic);
  if (isFault(nic)) return nic;
  const groups = request.groups === undefined ? nic.groups : groupsOf(cloud, nic.vpc, request.groups);
  if (isFault(groups)) return groups;
  const { deleteWithInstance, attachment: named, sourceCheck = nic.sourceCheck } = request;
  const id = nic.attachment?.id;
  if (deleteWithInstance !== undefined && (id === undefined || (named !== undefined && named !== id)))
    return { why: 'not-found', kind: 'attachment', id: named ?? nic.id };
  const attachment =
    nic.attachment === undefined || deleteWithInstance === undefined
      ? nic.attachment
      : { ...nic.attachment, deleteWithInstance };
  const changed = { ...nic, groups, sourceCheck, description: request.description ?? nic.description };
  return done(put(cloud, 'nic', attachment === undefined ? changed : { ...changed, attachment }), {
    kind: 'nic',
    id: nic.id,
  });
}

function both(nic: Id, instance: Id): readonly Touch[] {
  return [
    { kind: 'nic', id: nic },
    { kind: 'instance', id: instance },
  ];
}

/** When work that begins now is done; where there are jobs, they wait first. */
function dueAt({ rules }: Cloud, env: Env, delay: Delay): Millis {
  return later(env, delay) + (rules.jobs === true ? drawn(env.random, rules.delays.job) : 0);
}

/** The job that some clouds answer. */
function withJob(
  cloud: Cloud,
  action: string,
  { subjects, due, env }: { readonly subjects: readonly Id[]; readonly due: number; readonly env: Env },
): { readonly cloud: Cloud; readonly job: { readonly job?: Id } } {
  if (cloud.rules.jobs !== true) return { cloud, job: {} };
  const id = newId(cloud.rules, 'job', env.random);
  const job: Job = { id, action, subjects, state: 'pending', madeAt: env.now, due };
  return { cloud: { ...cloud, jobs: cloud.jobs.set(id, job) }, job: { job: id } };
}
