import type { Millis } from '../../src/base/clock.ts';
import { put } from './change.ts';
import { type Cloud, nicsOf, type Touch } from './cloud.ts';
import type { Deed } from './deed.ts';
import { ended } from './instances.ts';
import { relisted } from './lately.ts';
import { freedNic } from './nics.ts';
import type { Id } from './nouns.ts';
import { settledAt } from './past.ts';

/** A cloud, and what changed in it. */
export interface Moved {
  readonly cloud: Cloud;
  readonly touched: readonly Touch[];
}

const HOUR_MS = 3_600_000;

/** Does one deed, as if at the moment it was due. */
export function performed(cloud: Cloud, deed: Deed, at: Millis): Moved {
  switch (deed.do) {
    case 'attach':
      return arrived(cloud, deed, at);
    case 'detach':
      return departed(cloud, deed, at);
    case 'run':
      return started(cloud, deed.instance);
    case 'end': {
      const instance = cloud.instances.get(deed.instance);
      if (instance === undefined) return still(cloud);
      const over = ended(cloud, instance);
      return { ...over, cloud: forgotten(over.cloud, at, { do: 'forget', what: 'instance', id: instance.id }) };
    }
    case 'forget':
      return still(withoutMemory(cloud, deed));
    case 'settle':
      return still(settled(cloud, deed, at));
  }
}

function arrived(cloud: Cloud, deed: Extract<Deed, { readonly do: 'attach' }>, at: Millis): Moved {
  const nic = cloud.nics.get(deed.nic);
  const expected = nic?.state === 'attaching' && nic.attachment?.id === deed.attachment;
  const worked = withJobEnd(cloud, deed.job, { at, ended: expected ? 'successful' : 'failed' });
  if (nic?.attachment === undefined || !expected) return still(worked.cloud);
  const touched = touchedBy(nic.id, nic.attachment.instance);
  if (worked.failed) return { cloud: freedNic(worked.cloud, nic), touched };
  return { cloud: put(worked.cloud, 'nic', { ...nic, state: 'in-use' }), touched };
}

function departed(cloud: Cloud, deed: Extract<Deed, { readonly do: 'detach' }>, at: Millis): Moved {
  const nic = cloud.nics.get(deed.nic);
  const expected = nic?.state === 'detaching' && nic.attachment?.id === deed.attachment;
  const worked = withJobEnd(cloud, deed.job, { at, ended: 'successful' });
  if (nic?.attachment === undefined || !expected) return still(worked.cloud);
  const touched = touchedBy(nic.id, nic.attachment.instance);
  if (worked.failed) return { cloud: put(worked.cloud, 'nic', { ...nic, state: 'in-use' }), touched };
  return { cloud: freedNic(worked.cloud, nic), touched };
}

function started(before: Cloud, id: Id): Moved {
  const instance = before.instances.get(id);
  if (instance?.state !== 'pending') return still(before);
  let cloud = put(before, 'instance', { ...instance, state: 'running' });
  const nics = nicsOf(cloud, id).filter(({ state }) => state === 'attaching');
  for (const nic of nics) cloud = put(cloud, 'nic', { ...nic, state: 'in-use' });
  const touched = nics.map((nic) => ({ kind: 'nic', id: nic.id }) as const);
  return { cloud, touched: [{ kind: 'instance', id }, ...touched] };
}

/** A job that is marked to fail does; it is forgotten after a while. */
function withJobEnd(
  cloud: Cloud,
  id: Id | undefined,
  { at, ended: state }: { readonly at: Millis; readonly ended: 'successful' | 'failed' },
): { readonly cloud: Cloud; readonly failed: boolean } {
  const job = id === undefined ? undefined : cloud.jobs.get(id);
  if (job === undefined) return { cloud, failed: false };
  const failed = job.state === 'failed';
  const jobs = cloud.jobs.set(job.id, { ...job, state: failed ? 'failed' : state });
  return { cloud: forgotten({ ...cloud, jobs }, at, { do: 'forget', what: 'job', id: job.id }), failed };
}

function forgotten(cloud: Cloud, at: Millis, deed: Deed): Cloud {
  const serial = cloud.serial + 1;
  const moment = { at: at + (cloud.rules.afterlifeMs ?? HOUR_MS), serial };
  return { ...cloud, serial, dues: cloud.dues.set(moment, deed) };
}

function withoutMemory(cloud: Cloud, { what, id }: Extract<Deed, { readonly do: 'forget' }>): Cloud {
  switch (what) {
    case 'instance':
      return { ...cloud, instances: cloud.instances.delete(id as Id) };
    case 'job':
      return { ...cloud, jobs: cloud.jobs.delete(id as Id) };
    case 'token':
      return { ...cloud, tokens: cloud.tokens.delete(id) };
  }
}

/** Later changes of the same thing have plans of their own. */
function settled(cloud: Cloud, { what, id }: Extract<Deed, { readonly do: 'settle' }>, at: Millis): Cloud {
  if (what === 'instance') {
    const versions = cloud.pastInstances.get(id);
    const over = versions !== undefined && settledAt(versions) <= at;
    return over ? { ...cloud, pastInstances: cloud.pastInstances.delete(id) } : cloud;
  }
  const was = cloud.pastNics.get(id);
  if (was === undefined || settledAt(was) > at) return cloud;
  const lately = relisted(cloud.lately, id, { was, is: undefined });
  return { ...cloud, pastNics: cloud.pastNics.delete(id), lately };
}

function still(cloud: Cloud): Moved {
  return { cloud, touched: [] };
}

function touchedBy(nic: Id, instance: Id): readonly Touch[] {
  return [
    { kind: 'nic', id: nic },
    { kind: 'instance', id: instance },
  ];
}

/** When the next thing happens by itself, a trouble's end among them. Undefined: never. */
export function nextDue(cloud: Cloud): Millis | undefined {
  const times = cloud.troubles.flatMap(({ until }) => until ?? []);
  const first = cloud.dues.first()?.[0].at;
  if (first !== undefined) times.push(first);
  return times.length === 0 ? undefined : Math.min(...times);
}
