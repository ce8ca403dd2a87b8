import type { InstanceView, StateChange } from './answer.ts';
import { type Done, done, found, isFault, later, numberOf, planned, put, quotaFault } from './change.ts';
import { type Cloud, type Env, nicsOf, type Touch } from './cloud.ts';
import type { Fault } from './fault.ts';
import { newId } from './ids.ts';
import { demandOf, placeFault, slotFault } from './limits.ts';
import { attached, freedNic, madeNic, withoutNic } from './nics.ts';
import type { Id, Instance, Nic, Subnet } from './nouns.ts';
import { withPublic } from './publics.ts';
import type { InstanceRequest, LaunchNic } from './request.ts';
import { branchesOf } from './trunks.ts';
import { instanceView } from './view.ts';

type Of<D extends InstanceRequest['do']> = Extract<InstanceRequest, { readonly do: D }>;

/** As many as there is room for, up to `most`; fewer than `least` is the fault of the first that failed. */
export function runInstances(before: Cloud, request: Of<'run-instances'>, env: Env): Done | Fault {
  if (before.rules.limits(request.type) === undefined) return { why: 'not-found', kind: 'type', id: request.type };
  let cloud = before;
  const made: Id[] = [];
  const touched: Touch[] = [];
  while (made.length < request.most) {
    const next = launched(cloud, request, env);
    if (isFault(next) && made.length < request.least) return next;
    if (isFault(next)) break;
    cloud = next.cloud;
    made.push(next.id);
    touched.push({ kind: 'instance', id: next.id });
    for (const { id } of nicsOf(cloud, next.id)) touched.push({ kind: 'nic', id });
  }
  const views = made.map((id) => cloud.instances.get(id)).flatMap((it) => viewIn(cloud, it));
  return { cloud, answer: { is: 'launched', instances: views }, touched };
}

function viewIn(cloud: Cloud, instance: Instance | undefined): readonly InstanceView[] {
  return instance === undefined ? [] : [instanceView(cloud, instance, nicsOf(cloud, instance.id))];
}

function launched(
  before: Cloud,
  request: Of<'run-instances'>,
  env: Env,
): { readonly cloud: Cloud; readonly id: Id } | Fault {
  const counts = before.rules.quotas?.instances !== undefined; // counting takes a walk over all
  const has = counts ? numberOf(before.instances, ({ state }) => state !== 'terminated') : 0;
  const full = quotaFault(before, 'instances', { has, more: 1 });
  if (full !== undefined) return full;
  const primary = request.nics.find(({ device, card = 0 }) => device === 0 && card === 0);
  if (primary === undefined) return { why: 'missing', field: 'primary NIC' };
  const home = subnetFor(before, primary);
  if (isFault(home)) return home;
  const id = newId(before.rules, 'instance', env.random);
  const { role, type, hopLimit = 1, tokensRequired = false, token, tags } = request;
  const instance: Instance = {
    id,
    type,
    vpc: home.vpc,
    zone: home.zone,
    state: 'pending',
    launchedAt: env.now,
    ...(role === undefined ? {} : { role }),
    hopLimit,
    tokensRequired,
    ...(token === undefined ? {} : { token }),
    tags,
  };
  let cloud = put(before, 'instance', instance);
  for (const wish of request.nics) {
    const next = withNic(cloud, instance, { wish, env });
    if (isFault(next)) return next;
    cloud = next;
  }
  return { cloud: planned(cloud, later(env, cloud.rules.delays.launch), { do: 'run', instance: id }), id };
}

function subnetFor(cloud: Cloud, { nic, subnet }: LaunchNic): Subnet | Fault {
  const given = nic === undefined ? undefined : found(cloud, 'nic', nic);
  if (given !== undefined && isFault(given)) return given;
  const id = given?.subnet ?? subnet;
  return id === undefined ? { why: 'missing', field: 'subnet' } : found(cloud, 'subnet', id);
}

/** The cloud in which an instance that starts has one NIC more. */
function withNic(
  before: Cloud,
  instance: Instance,
  { wish, env }: { readonly wish: LaunchNic; readonly env: Env },
): Cloud | Fault {
  const { device, card = 0, deleteWithInstance = wish.nic === undefined } = wish;
  const home = subnetFor(before, wish);
  if (isFault(home)) return home;
  const fault = placeFault(before, instance, { device, card });
  if (fault !== undefined) return fault;
  const given = wish.nic === undefined ? undefined : found(before, 'nic', wish.nic);
  const made =
    given === undefined
      ? madeNic(before, { ...wish, subnet: home.id }, { env, during: 'run-instances' })
      : isFault(given)
        ? given
        : { cloud: before, nic: given };
  if (isFault(made)) return made;
  const { nic } = made;
  if (nic.state !== 'available')
    return { why: 'wrong-state', kind: 'nic', id: nic.id, state: nic.state, want: 'available' };
  if (home.zone !== instance.zone)
    return { why: 'other-zone', nic: nic.id, zone: home.zone, instanceZone: instance.zone };
  if (home.vpc !== instance.vpc)
    return { why: 'other-vpc', kind: 'subnet', id: home.id, vpc: home.vpc, wanted: instance.vpc };
  const full = slotFault(made.cloud, { nic: undefined, instance, more: demandOf(nic) });
  if (full !== undefined) return full;
  const open = (wish.publicAddress ?? home.mapPublic) && device === 0 && card === 0;
  const reached = open ? withPublic(made.cloud, nic.id, env) : undefined;
  const outside: Nic = reached === undefined ? nic : { ...nic, publicAddress: reached.address };
  const place = { instance: instance.id, device, card, deleteWithInstance };
  return attached(reached?.cloud ?? made.cloud, outside, { place, env }).cloud;
}

/** Those that are ending or have ended stay as they are. Its NICs go when it has ended. */
export function terminateInstances(before: Cloud, request: Of<'terminate-instances'>, env: Env): Done | Fault {
  let cloud = before;
  const changes: StateChange[] = [];
  for (const id of request.instances) {
    const instance = found(cloud, 'instance', id);
    if (isFault(instance)) return instance;
    const over = instance.state === 'shutting-down' || instance.state === 'terminated';
    const after = over ? instance.state : 'shutting-down';
    changes.push({ instance: id, before: instance.state, after });
    if (over) continue;
    cloud = put(cloud, 'instance', { ...instance, state: 'shutting-down' });
    const { delays } = cloud.rules;
    cloud = planned(cloud, later(env, delays.terminate ?? delays.detach), { do: 'end', instance: id });
  }
  const touched = changes.map(({ instance: id }) => ({ kind: 'instance', id }) as const);
  return { cloud, answer: { is: 'terminating', changes }, touched };
}

/** The cloud after the end of an instance: its NICs deleted with it, or free again. */
export function ended(
  before: Cloud,
  instance: Instance,
): { readonly cloud: Cloud; readonly touched: readonly Touch[] } {
  const nics = nicsOf(before, instance.id);
  const carried = nics.flatMap((nic) => branchesOf(before, nic));
  let cloud = put(before, 'instance', { ...instance, state: 'terminated' });
  for (const nic of nics)
    cloud = nic.attachment?.deleteWithInstance === true ? withoutNic(cloud, nic) : freedNic(cloud, nic);
  const touched: readonly Touch[] = [...nics, ...carried].map(({ id }) => ({ kind: 'nic', id }));
  return { cloud, touched: [{ kind: 'instance', id: instance.id }, ...touched] };
}

/** Role and metadata options. */
export function modifyInstance(cloud: Cloud, request: Of<'modify-instance'>): Done | Fault {
  const instance = found(cloud, 'instance', request.instance);
  if (isFault(instance)) return instance;
  const { hopLimit = instance.hopLimit, tokensRequired = instance.tokensRequired, role = instance.role } = request;
  const changed = { ...instance, hopLimit, tokensRequired };
  return done(put(cloud, 'instance', role === undefined ? changed : { ...changed, role }), {
    kind: 'instance',
    id: instance.id,
  });
}
