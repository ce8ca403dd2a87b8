import type { Millis } from '../../src/base/clock.ts';
import { later, planned } from './change.ts';
import type { Cloud, Env, Touch } from './cloud.ts';
import { type Moved, performed } from './due.ts';
import { relisted } from './lately.ts';
import type { Id, Instance, Nic } from './nouns.ts';
import { remembered, settledAt, type Version } from './past.ts';
import { lagOf, withoutOld } from './strike.ts';
import type { Table } from './table.ts';

/** What happens by itself until now, and what it touched. Nothing is due twice. */
export function advance(before: Cloud, env: Env): Moved {
  let { cloud, touched } = withoutOld(before, env.now);
  for (let first = cloud.dues.first(); first !== undefined && first[0].at <= env.now; first = cloud.dues.first()) {
    const [moment, deed] = first;
    const due = { ...cloud, dues: cloud.dues.delete(moment) };
    const moved = performed(due, deed, moment.at);
    cloud = withPast(due, moved, { ...env, now: moment.at });
    touched = [...touched, ...moved.touched];
  }
  return { cloud, touched: unique(touched) };
}

/** Each once, in the order of its first. */
export function unique(touched: readonly Touch[]): readonly Touch[] {
  if (touched.length < 2) return touched;
  return [...new Map(touched.map((it) => [`${it.kind} ${it.id}`, it])).values()];
}

/** The cloud after a change, with what is still to be seen of before. */
export function withPast(before: Cloud, { cloud: after, touched }: Moved, env: Env): Cloud {
  let cloud = after;
  for (const { kind, id } of unique(touched)) {
    if (kind === 'nic') cloud = withPastNic(before, cloud, { id, env });
    if (kind === 'instance') cloud = withPastInstance(before, cloud, { id, env });
  }
  return cloud;
}

interface Changed {
  readonly id: Id;
  readonly env: Env;
}

function withPastNic(before: Cloud, after: Cloud, { id, env }: Changed): Cloud {
  const change = { before: before.nics.get(id), after: after.nics.get(id) };
  if (change.before === change.after) return after;
  const homes = [change.before?.attachment?.instance, change.after?.attachment?.instance];
  const was = after.pastNics.get(id);
  const versions = remembered<Nic>(was, change, showing(after, homes, env));
  const pastNics = kept(after.pastNics, id, versions);
  const lately = relisted(after.lately, id, { was, is: versions });
  return settling({ ...after, pastNics, lately }, versions, { at: env.now, deed: { do: 'settle', what: 'nic', id } });
}

function withPastInstance(before: Cloud, after: Cloud, { id, env }: Changed): Cloud {
  const change = { before: before.instances.get(id), after: after.instances.get(id) };
  if (change.before === change.after) return after;
  const versions = remembered<Instance>(after.pastInstances.get(id), change, showing(after, [id], env));
  const pastInstances = kept(after.pastInstances, id, versions);
  return settling({ ...after, pastInstances }, versions, { at: env.now, deed: { do: 'settle', what: 'instance', id } });
}

function showing(cloud: Cloud, homes: readonly (Id | undefined)[], env: Env) {
  const { delays } = cloud.rules;
  const describe = Math.max(later(env, delays.describe), env.now + lagOf(cloud, 'describe', homes));
  const metadata = Math.max(later(env, delays.metadata), env.now + lagOf(cloud, 'metadata', homes));
  return { now: env.now, describe, metadata };
}

function kept<T>(
  table: Table<readonly Version<T>[]>,
  id: Id,
  versions: readonly Version<T>[] | undefined,
): Table<readonly Version<T>[]> {
  return versions === undefined ? table.delete(id) : table.set(id, versions);
}

function settling(
  cloud: Cloud,
  versions: readonly Version<unknown>[] | undefined,
  {
    at,
    deed,
  }: {
    readonly at: Millis;
    readonly deed: { readonly do: 'settle'; readonly what: 'nic' | 'instance'; readonly id: Id };
  },
): Cloud {
  return versions === undefined ? cloud : planned(cloud, Math.max(at, settledAt(versions)), deed);
}
