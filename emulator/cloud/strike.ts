import type { Millis } from '../../src/base/clock.ts';
import type { Cloud, Env, Touch } from './cloud.ts';
import type { Id, Nic } from './nouns.ts';
import type { Viewer } from './past.ts';
import type { Call } from './request.ts';
import type { Mishap, Scope, Trouble } from './trouble.ts';

/** The cloud with a trouble more, in place of one of the same name. What it touches: the zones that it cuts off. */
export function withTrouble(
  before: Cloud,
  trouble: Trouble,
): { readonly cloud: Cloud; readonly touched: readonly Touch[] } {
  const { cloud, touched } = withoutTrouble(before, trouble.name);
  const troubles = [...cloud.troubles, trouble];
  return { cloud: { ...cloud, troubles }, touched: [...touched, ...zonesOf([trouble])] };
}

/** The cloud without a trouble. Absent: nothing. What was delayed stays delayed. */
export function withoutTrouble(
  cloud: Cloud,
  name: string,
): { readonly cloud: Cloud; readonly touched: readonly Touch[] } {
  const gone = cloud.troubles.filter((it) => it.name === name);
  if (gone.length === 0) return { cloud, touched: [] };
  return { cloud: { ...cloud, troubles: cloud.troubles.filter((it) => it.name !== name) }, touched: zonesOf(gone) };
}

/** The cloud without the troubles whose time is over. */
export function withoutOld(cloud: Cloud, now: Millis): { readonly cloud: Cloud; readonly touched: readonly Touch[] } {
  const old = cloud.troubles.filter(({ until }) => until !== undefined && until <= now);
  if (old.length === 0) return { cloud, touched: [] };
  return { cloud: { ...cloud, troubles: cloud.troubles.filter((it) => !old.includes(it)) }, touched: zonesOf(old) };
}

function zonesOf(troubles: readonly Trouble[]): readonly Touch[] {
  return troubles.flatMap(({ what }) => (what.kind === 'cut' ? [{ kind: 'zone' as const, id: what.zone as Id }] : []));
}

/** The zones that no packet enters or leaves. */
export function zonesCut(cloud: Cloud): readonly string[] {
  return cloud.troubles.flatMap(({ what }) => (what.kind === 'cut' ? what.zone : []));
}

/** The NICs that a viewer is not shown, at an instance when one looks. */
export function hiddenFrom(cloud: Cloud, viewer: Viewer, instance?: Id): ReadonlySet<Id> {
  const hidden = new Set<Id>();
  for (const { what, scope } of cloud.troubles)
    if (what.kind === 'hide' && what.viewer === viewer && isOf(scope.instance, [instance])) hidden.add(what.nic);
  return hidden;
}

/** Whether the credentials of an instance's role have ended before their time. */
export function hasLapsed(cloud: Cloud, instance: Id): boolean {
  return cloud.troubles.some(({ what, scope }) => what.kind === 'lapse' && isOf(scope.instance, [instance]));
}

/** How much later than usual a change of a NIC or instance is shown, for as long as a trouble lasts. */
export function lagOf(cloud: Cloud, viewer: Viewer, instances: readonly (Id | undefined)[]): Millis {
  let lag = 0;
  for (const { what, scope } of cloud.troubles)
    if (what.kind === 'lag' && what.viewer === viewer && isOf(scope.instance, instances))
      lag = Math.max(lag, what.byMs);
  return lag;
}

function isOf(wanted: Id | undefined, of: readonly (Id | undefined)[]): boolean {
  return wanted === undefined || of.includes(wanted);
}

/** The cloud after a mishap that fits struck a call, or none did; a trouble that struck often enough is gone. */
export function struck<M extends Mishap>(
  cloud: Cloud,
  call: Call,
  { fits, env }: { readonly fits: (what: Mishap) => what is M; readonly env: Env },
): { readonly cloud: Cloud; readonly by?: M } {
  if (cloud.troubles.length === 0 || call.outside === true) return { cloud };
  const about = subjectsOf(cloud, call);
  for (const trouble of cloud.troubles) {
    const { what, scope, chance = 1, left } = trouble;
    if (!fits(what) || !covers(scope, call, about)) continue;
    if (chance < 1 && env.random.fraction() >= chance) continue;
    if (left === undefined) return { cloud, by: what };
    const rest = left > 1 ? [{ ...trouble, left: left - 1 }] : [];
    const troubles = cloud.troubles.flatMap((it) => (it === trouble ? rest : it));
    return { cloud: { ...cloud, troubles }, by: what };
  }
  return { cloud };
}

interface Subjects {
  readonly instances: readonly (Id | undefined)[];
  readonly subnets: readonly (Id | undefined)[];
}

function covers({ action, account, instance, subnet }: Scope, call: Call, { instances, subnets }: Subjects): boolean {
  if (action !== undefined && action !== call.action) return false;
  if (account !== undefined && account !== call.account) return false;
  return isOf(instance, instances) && isOf(subnet, subnets);
}

/** The instances and subnets that a call is about; who asks is one of them. */
function subjectsOf(cloud: Cloud, { request, from }: Call): Subjects {
  const nic = nicOf(cloud, request);
  const instances = [from, nic?.attachment?.instance, 'instance' in request ? request.instance : undefined];
  const subnets = [nic?.subnet, 'subnet' in request ? request.subnet : undefined];
  if (request.do !== 'run-instances') return { instances, subnets };
  return { instances, subnets: request.nics.map(({ subnet }) => subnet) };
}

/** The NIC that a request is about, if there is one. */
export function nicOf(cloud: Cloud, request: Call['request']): Nic | undefined {
  switch (request.do) {
    case 'delete-nic':
    case 'attach-nic':
    case 'modify-nic':
    case 'assign':
    case 'unassign':
      return cloud.nics.get(request.nic);
    case 'detach-nic': {
      const id = 'nic' in request.of ? request.of.nic : cloud.attachments.get(request.of.attachment);
      return id === undefined ? undefined : cloud.nics.get(id);
    }
    case 'move-address':
      return cloud.nics.get(request.to);
    default:
      return undefined;
  }
}
